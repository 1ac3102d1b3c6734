// What may be stored and what becomes of it.

#include <catch2/catch.hpp>

#include "catalogue/product.hpp"

using namespace totem::images;
using nlohmann::json;

namespace {

const Segments& segments() {
    static const Segments all({{"fnb", {{"1-celulares", "celulares"}, {"2-laptops", "laptops"}}},
                               {"gaso", {{"1-celulares", "celulares"}, {"5-fusion", "fusion"}}}});
    return all;
}

json valid(const json& changes = json::object()) {
    json product{{"codigo", "CEL-01"}, {"nombre", "Uno"}, {"precio", 10}, {"categoria", "celulares"}};
    product.update(changes);
    return product;
}

Product make(const json& changes = json::object()) { return newProduct(valid(changes), segments(), {2025, 11}); }

std::string wrongField(const json& input) {
    try {
        newProduct(input, segments(), {2025, 11});
    } catch (const InvalidProduct& error) {
        return error.errors().front().field;
    }
    return "nothing";
}

}  // namespace

TEST_CASE("a picture's path is read in all spellings that were ever stored") {
    const std::string path = "fnb/2025/11-noviembre/1-celulares/precios/a b ñ.JPG";
    for (const std::string text :
         {"fnb/2025/11-noviembre/1-celulares/precios/a b ñ.JPG", "catalogos/fnb/2025/11-noviembre/1-celulares/precios/a b ñ.JPG",
          "/api/catalogos/fnb/2025/11-noviembre/1-celulares/precios/a b ñ.JPG",
          "/api/catalogos/catalogos/fnb/2025/11-noviembre/1-celulares/precios/a b ñ.JPG",
          "http://10.0.0.5:8000/api/catalogos/fnb/2025/11-noviembre/1-celulares/precios/a b ñ.JPG",
          "https://img.example/api/catalogos/fnb/2025/11-noviembre/1-celulares/precios/a%20b%20%C3%B1.JPG",
          "https://img.example/api/catalogos/fnb/2025/11-noviembre/1-celulares/precios/a%20b%20%C3%B1.JPG?preset=listado",
          "/images/fnb/2025/11-noviembre/1-celulares/precios/a b ñ.JPG",
          "/api/imagen-base64/fnb/2025/11-noviembre/1-celulares/precios/a%20b%20%C3%B1.JPG",
          "catalogos\\fnb\\2025\\11-noviembre\\1-celulares\\precios\\a b ñ.JPG"}) {
        INFO(text);
        CHECK(pictureOf(text) == path);
    }
    CHECK(pictureOf("fnb/50% off.jpg") == "fnb/50% off.jpg");
    CHECK(pictureOf("fnb/50%25 off.jpg") == "fnb/50%25 off.jpg");
    for (const char* text : {"../x.jpg", "fnb/../../x.jpg", "http://h/api/catalogos/%2e%2e/x.jpg", "/api/catalogos/", "fnb/x.pdf",
                             "fnb//x.jpg", "", "http://host", ".jpg", "fnb/.x.jpg", "fnb/x.svg", "javascript:alert(1)"}) {
        INFO(text);
        CHECK_FALSE(pictureOf(text));
    }
}

TEST_CASE("a product is stored with everything in its proper form") {
    const Product product = make({{"codigo", " CEL-01 "}, {"categoria", "1-CELULARES"}, {"segmento", "FNB"}, {"mes", "Noviembre"},
                                  {"ano", 2025}, {"precio", "1299.90"}, {"cuotas", "{\"12\": \"95.5\", \"3\": 338.85}"}});
    CHECK(product.code == "CEL-01");
    CHECK(product.category == "celulares");
    CHECK(product.segment == "fnb");
    CHECK(product.month == Month{2025, 11});
    CHECK(product.price == 1299.9);
    CHECK(product.instalments.dump() == R"({"3":338.85,"12":95.5})");
    CHECK(rowOf(product) == rowOf(productOfRow(rowOf(product))));
    CHECK(make({{"cuotas", "\"{\\\"3\\\": 1.5}\""}}).instalments.dump() == R"({"3":1.5})");
}

TEST_CASE("what is wrong is refused and named") {
    CHECK(wrongField(json::array()) == "body");
    for (const char* field : {"codigo", "nombre", "precio", "categoria"}) {
        json missing = valid();
        missing.erase(field);
        CHECK(wrongField(missing) == field);
        CHECK(wrongField(valid({{field, nullptr}})) == field);
    }
    CHECK(wrongField(valid({{"codigo", std::string(51, 'x')}})) == "codigo");
    CHECK(wrongField(valid({{"codigo", "a\nb"}})) == "codigo");
    CHECK(wrongField(valid({{"nombre", std::string(201, 'x')}})) == "nombre");
    CHECK(wrongField(valid({{"nombre", "  "}})) == "nombre");
    CHECK(wrongField(valid({{"descripcion", std::string(501, 'x')}})) == "descripcion");
    for (const json& price : {json(-1), json("abc"), json("1e999"), json("nan"), json(true), json(1e300)})
        CHECK(wrongField(valid({{"precio", price}})) == "precio");
    CHECK(wrongField(valid({{"segmento", "otro"}})) == "segmento");
    CHECK(wrongField(valid({{"categoria", "fusion"}})) == "categoria");
    CHECK(wrongField(valid({{"categoria", "celu"}})) == "categoria");
    CHECK(wrongField(valid({{"mes", "13"}})) == "mes");
    CHECK(wrongField(valid({{"ano", "abc"}})) == "ano");
    CHECK(wrongField(valid({{"estado", "vendido"}})) == "estado");
    CHECK(wrongField(valid({{"stock", "quizás"}})) == "stock");
    CHECK(wrongField(valid({{"imagen_listado", "../../etc/passwd.png"}})) == "imagen_listado");
    for (const json& cuotas : {json("no"), json::array({1}), json({{"x", 1}}), json({{"3", -1}}), json({{"0", 1}}), json(5)})
        CHECK(wrongField(valid({{"cuotas", cuotas}})) == "cuotas");
}

TEST_CASE("200 letters with accents are 200 characters") {
    std::string name;
    for (int i = 0; i < 200; ++i) name += "ñ";
    CHECK(make({{"nombre", name}}).name == name);
}

TEST_CASE("state and stock agree, whichever was sent") {
    const Product there = make();
    CHECK((there.state == "disponible" && there.stock));
    const auto changed = [](const Product& base, const json& input) {
        const Product product = changedProduct(base, input, segments());
        return product.state + (product.stock ? "+" : "-");
    };
    CHECK(changed(there, {{"estado", "agotado"}}) == "agotado-");
    CHECK(changed(there, {{"stock", false}}) == "agotado-");
    CHECK(changed(there, {{"estado", "disponible"}, {"stock", false}}) == "disponible+");
    CHECK(changed(there, {{"estado", "no_disponible"}}) == "no_disponible+");
    const Product gone = make({{"estado", "agotado"}});
    CHECK(changed(gone, {{"estado", "disponible"}}) == "disponible+");
    CHECK(changed(gone, {{"stock", true}}) == "disponible+");
    CHECK(changed(gone, {{"nombre", "Otro"}}) == "agotado-");
    CHECK(changed(make({{"estado", "no_disponible"}}), {{"stock", true}}) == "no_disponible+");
}

TEST_CASE("a change keeps what it does not name, and a move needs a category of the new segment") {
    const Product product = make({{"descripcion", "Buena"}, {"imagen_listado", "fnb/a.jpg"}});
    const Product changed = changedProduct(product, {{"precio", 0}}, segments());
    CHECK(changed.price == 0);
    CHECK(changed.description == "Buena");
    CHECK(changed.listPicture == "fnb/a.jpg");
    const Product cleared = changedProduct(product, {{"descripcion", nullptr}, {"imagen_listado", nullptr}}, segments());
    CHECK_FALSE(cleared.description);
    CHECK(cleared.listPicture.empty());
    CHECK(changedProduct(product, {{"segmento", "gaso"}}, segments()).segment == "gaso");
    CHECK_THROWS_AS(changedProduct(make({{"categoria", "laptops"}}), {{"segmento", "gaso"}}, segments()), InvalidProduct);
}
