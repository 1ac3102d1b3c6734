// Rows of old databases, the poisoned ones included.

#include <catch2/catch.hpp>

#include "catalogue/import.hpp"

using namespace totem::images;
using totem::Json;

namespace {

Json row(const Json& changes = Json::object()) {
    Json row{{"id", 7}, {"codigo", "CEL-01"}, {"nombre", "Uno"}, {"descripcion", nullptr}, {"precio", 999.9},
             {"categoria", "1-celulares"}, {"imagen_listado", "catalogos/fnb/a.jpg"}, {"imagen_caracteristicas", nullptr},
             {"imagen_caracteristicas_2", nullptr}, {"cuotas", "\"{\\\"3\\\": 338.85}\""}, {"mes", "Noviembre"}, {"ano", "2025"},
             {"segmento", "FNB"}, {"estado", "disponible"}, {"stock", 1}};
    row.update(changes);
    return row;
}

ImportedRows read(const Json& rows) {
    static const Segments segments({{"fnb", {{"1-celulares", "celulares"}}}, {"gaso", {{"1-celulares", "celulares"}}}});
    return readRows(rows, segments, {2026, 1});
}

}  // namespace

TEST_CASE("a row that somebody typed is mended") {
    const ImportedRows rows = read(Json::array({row()}));
    REQUIRE(rows.products.size() == 1);
    const Product& product = rows.products.front();
    CHECK(product.id == 7);
    CHECK(product.segment == "fnb");
    CHECK(product.month == Month{2025, 11});
    CHECK(product.category == "celulares");
    CHECK(product.listPicture == "fnb/a.jpg");
    CHECK(product.instalments.dump() == R"({"3":338.85})");
    CHECK(rows.skipped.empty());
    CHECK(rows.warnings.empty());
}

TEST_CASE("nulls where a default stood are the default") {
    const ImportedRows rows = read(Json::array({row({{"segmento", nullptr}, {"estado", nullptr}, {"stock", 0}, {"cuotas", nullptr}, {"mes", ""}, {"ano", nullptr}})}));
    REQUIRE(rows.products.size() == 1);
    CHECK(rows.products[0].segment == "fnb");
    CHECK(rows.products[0].state == "agotado");
    CHECK(rows.products[0].month == Month{2026, 1});
}

TEST_CASE("poisoned rows are left out and named, and the others are taken") {
    const ImportedRows rows = read(Json::array({row({{"id", 1}, {"codigo", "A"}, {"precio", nullptr}}), row({{"id", 2}, {"codigo", "B"}, {"nombre", nullptr}}),
                                                row({{"id", 3}, {"codigo", "C"}, {"segmento", "otro"}}), row({{"id", 4}, {"codigo", "D"}, {"mes", "13"}}),
                                                row({{"id", 5}, {"codigo", "E"}}), row({{"id", 6}, {"codigo", "e"}}), Json(5)}));
    REQUIRE(rows.products.size() == 1);
    CHECK(rows.products[0].code == "E");
    REQUIRE(rows.skipped.size() == 6);
    CHECK(rows.skipped[0].row == "1");
    CHECK_THAT(rows.skipped[0].reason, Catch::Contains("precio"));
    CHECK_THAT(rows.skipped[1].reason, Catch::Contains("nombre"));
    CHECK_THAT(rows.skipped[4].reason, Catch::Contains("twice"));
}

TEST_CASE("a wrong picture or wrong instalments cost only themselves") {
    const ImportedRows rows = read(Json::array({row({{"imagen_listado", "file:///etc/passwd"}, {"cuotas", "tres"}})}));
    REQUIRE(rows.products.size() == 1);
    CHECK(rows.products[0].listPicture.empty());
    CHECK(rows.products[0].instalments.empty());
    REQUIRE(rows.warnings.size() == 1);
    CHECK_THAT(rows.warnings[0].reason, Catch::Contains("imagen_listado") && Catch::Contains("cuotas"));
}
