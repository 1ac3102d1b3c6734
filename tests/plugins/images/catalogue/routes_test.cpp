// What the old service's clients read. Whole answers are golden: tests/golden/images;
// TOTEM_UPDATE_GOLDEN=1 writes them anew.

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "rig.hpp"

using catalogue_test::Reply;
using catalogue_test::Rig;
using nlohmann::ordered_json;
using totem::Json;

namespace {

void checkGolden(const std::string& name, const Reply& reply) {
    INFO(name << ": " << reply.body);
    CHECK(reply.status == 200);
    CHECK(reply.headers.at("Content-Type") == "application/json");
    const std::string file = std::string(TOTEM_GOLDEN) + "/" + name + ".json";
    const std::string text = ordered_json::parse(reply.body).dump(2) + "\n";
    if (std::getenv("TOTEM_UPDATE_GOLDEN") != nullptr) std::ofstream(file) << text;
    std::ifstream in(file);
    CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == text);
}

/// A month of fnb with three products and its files, one of gaso, and an older month.
void fill(Rig& rig) {
    const std::string month = "fnb/2025/11-noviembre/";
    rig.file(month + "catálogo completo.pdf", std::string(3 << 20, 'p'));
    rig.file(month + "zz.pdf");
    rig.file(month + "1-celulares/Celulares nov.PDF", "%PDF-1.4");
    rig.file(month + "1-celulares/precios/uno frente.jpg");
    rig.file(month + "1-celulares/precios/.oculto.jpg");
    rig.file(month + "1-celulares/precios/dos.JPG");
    rig.file(month + "1-celulares/precios/leeme.txt");
    rig.file(month + "1-celulares/caracteristicas/uno.PNG");
    rig.file("fnb/2025/9-setiembre/2-laptops/precios/l.webp");
    rig.file("gaso/2025/11-noviembre/4-lavadoras/lavadoras.pdf");
    rig.product();
    rig.product({{"codigo", "CEL-02"}, {"nombre", "Teléfono \"Dos\""}, {"estado", "agotado"}, {"imagen_listado", nullptr}, {"cuotas", nullptr}});
    rig.product({{"codigo", "LAP-01"}, {"nombre", "Laptop"}, {"categoria", "laptops"}, {"descripcion", "Liviana"}, {"imagen_caracteristicas", nullptr}});
    rig.product({{"codigo", "OLD-01"}, {"nombre", "De antes"}, {"mes", "setiembre"}, {"categoria", "laptops"}});
    rig.product({{"codigo", "LAV-01"}, {"nombre", "Lavadora"}, {"segmento", "gaso"}, {"categoria", "lavadoras"}});
    rig.filesChanged();
}

std::string shortened(const Reply& reply) { return std::to_string(reply.status) + " " + reply.detail(); }

}  // namespace

TEST_CASE("catalogues are answered with all members that either generation of clients reads") {
    Rig rig;
    fill(rig);
    checkGolden("month", rig.get("/api/catalogo/fnb/mes-actual"));
    checkGolden("month-available", rig.get("/api/catalogo/fnb/mes-actual/disponibles"));
    checkGolden("category", rig.get("/api/catalogo/fnb/mes-actual/celulares"));
    checkGolden("category-available", rig.get("/api/catalogo/fnb/2025/noviembre/1-celulares/disponibles"));
    checkGolden("product", rig.get("/api/catalogo/fnb/2025/11/celulares/CEL-01"));
    checkGolden("other-month", rig.get("/api/catalogo/fnb/2025/setiembre"));
    checkGolden("segments", rig.get("/api/segmentos"));
    checkGolden("months", rig.get("/api/meses-disponibles"));
    checkGolden("pictures", rig.get("/api/imagenes-disponibles"));
    checkGolden("products", rig.get("/api/productos"));
    checkGolden("diagnostics", rig.get("/diagnostico"));
    checkGolden("openapi", rig.get("/openapi.json"));
}

TEST_CASE("every alias and spelling of one question gets the same answer") {
    Rig rig;
    fill(rig);
    const std::string month = rig.get("/api/catalogo/fnb/mes-actual").body;
    for (const char* path : {"/api/catalogo/fnb/activo", "/api/catalogo/FNB/Mes-Actual", "/api/catalogo/fnb/2025/noviembre", "/api/catalogo/fnb/2025/Noviembre",
                             "/api/catalogo/fnb/2025/11", "/api/catalogo/fnb/2025/11-noviembre", "/api/catalogo/fnb/2025/11-NOVIEMBRE/", "/api/catalogo/f%6Eb/mes-actual"}) {
        INFO(path);
        CHECK(rig.get(path).body == month);
    }
    const std::string available = rig.get("/api/catalogo/fnb/mes-actual/disponibles").body;
    for (const char* path : {"/api/catalogo/fnb/mes-actual/productos-disponibles", "/api/catalogo/fnb/2025/11/productos-disponibles", "/api/catalogo/fnb/2025/11/disponibles"}) {
        INFO(path);
        CHECK(rig.get(path).body == available);
    }
    const std::string category = rig.get("/api/catalogo/fnb/mes-actual/celulares").body;
    for (const char* path : {"/api/catalogo/fnb/mes-actual/1-celulares", "/api/catalogo/fnb/mes-actual/CELU", "/api/catalogo/fnb/2025/11/Celulares"}) {
        INFO(path);
        CHECK(rig.get(path).body == category);
    }
    CHECK(rig.get("/api/catalogo/fnb/2025/11/celulares/cel-01").body == rig.get("/api/catalogo/fnb/mes-actual/celulares/CEL-01").body);
}

TEST_CASE("what is not there is 404 with a sentence, never an empty catalogue") {
    Rig rig;
    fill(rig);
    for (const char* path : {"/api/catalogo/otro/mes-actual", "/api/catalogo/fnb/2025/13", "/api/catalogo/fnb/abc/noviembre", "/api/catalogo/fnb/2024/noviembre",
                             "/api/catalogo/fnb/2025/enero/celulares", "/api/catalogo/fnb/mes-actual/fusion", "/api/catalogo/fnb/mes-actual/l", "/api/catalogo/fnb",
                             "/api/catalogo/fnb/2025", "/api/catalogo/", "/api/catalogo/fnb/mes-actual/celulares/NO-HAY", "/api/catalogo/fnb/mes-actual/celulares/LAP-01",
                             "/api/catalogo/fnb/mes-actual/celulares/CEL-01/x", "/api/catalogo/fnb//mes-actual", "/api/catalogo/fnb/%zz", "/api/catalogo/fnb/2025/11/%00",
                             "/api/meses-disponibles?segmento=otro", "/api/imagenes-disponibles?segmento=otro", "/api/imagenes-disponibles?mes=13",
                             "/api/imagenes-disponibles?segmento=fnb&categoria=fusion", "/api/catalogo-completo/fnb/2025/setiembre", "/api/catalogo-completo/fnb",
                             "/api/productos/99", "/api/ver-pdf/fnb/no.pdf"}) {
        INFO(path);
        const Reply reply = rig.get(path);
        CHECK(reply.status == 404);
        CHECK_FALSE(reply.detail().empty());
    }
    CHECK(shortened(rig.get("/api/productos/99")) == "404 Producto no encontrado");
    CHECK_THAT(rig.get("/api/catalogo/otro/mes-actual").detail(), Catch::Contains("fnb, gaso"));
}

TEST_CASE("the current month turns at midnight in Lima, in cached answers too") {
    Rig rig;
    fill(rig);
    rig.product({{"codigo", "DIC-01"}, {"mes", "diciembre"}});
    rig.host.unixS = 1764565199;
    CHECK(rig.get("/api/catalogo/fnb/mes-actual").json()["catalogo_info"]["mes"] == "noviembre");
    CHECK(rig.get("/api/catalogo/fnb/2025/noviembre/celulares").json()["productos"][0]["activo"] == true);
    rig.host.unixS = 1764565200;
    CHECK(rig.get("/api/catalogo/fnb/mes-actual").json()["catalogo_info"]["mes"] == "diciembre");
    CHECK(rig.get("/api/catalogo/fnb/2025/noviembre/celulares").json()["productos"][0]["activo"] == false);
    CHECK(rig.get("/api/catalogo/gaso/mes-actual").status == 404);
}

TEST_CASE("a change of the files shows, and so does a product that moves, in both segments") {
    Rig rig;
    fill(rig);
    CHECK(rig.get("/api/catalogo/fnb/mes-actual/laptops").json()["pdf"]["mensaje"].is_string());
    rig.file("fnb/2025/11-noviembre/2-laptops/nuevo.pdf");
    rig.filesChanged();
    CHECK(rig.get("/api/catalogo/fnb/mes-actual/laptops").json()["pdf"]["nombre"] == "nuevo.pdf");
    CHECK(rig.get("/api/catalogo/fnb/mes-actual").json()["total_productos"] == 3);
    CHECK(rig.get("/api/catalogo/gaso/mes-actual").json()["total_productos"] == 1);
    CHECK(rig.write("PUT", "/api/productos/1", {{"segmento", "gaso"}}).status == 200);
    CHECK(rig.get("/api/catalogo/fnb/mes-actual").json()["total_productos"] == 2);
    CHECK(rig.get("/api/catalogo/gaso/mes-actual").json()["total_productos"] == 2);
}

TEST_CASE("a catalogue that was not changed is 304 to who has it") {
    Rig rig;
    fill(rig);
    const Reply first = rig.get("/api/catalogo/fnb/mes-actual");
    const std::string tag = first.headers.at("ETag");
    CHECK(rig.ask("GET", "/api/catalogo/fnb/mes-actual", {}, {{"If-None-Match", tag}}).status == 304);
    rig.product({{"codigo", "CEL-03"}});
    CHECK(rig.ask("GET", "/api/catalogo/fnb/mes-actual", {}, {{"If-None-Match", tag}}).status == 200);
}

TEST_CASE("addresses begin with the configured one, and a strange Host is not repeated") {
    Rig rig(Json{{"public_url", "https://img.example"}});
    rig.product();
    CHECK(rig.get("/api/catalogo/fnb/mes-actual/celulares").json()["productos"][0]["imagen"]["url"] ==
          "https://img.example/api/catalogos/fnb/2025/11-noviembre/1-celulares/precios/uno%20frente.jpg");
    Rig other;
    other.product();
    const std::string path = "/api/catalogo/fnb/mes-actual/celulares/CEL-01";
    CHECK(other.get(path).json()["imagen"]["url"].get<std::string>().rfind("http://img.test:8000/api/", 0) == 0);
    const Reply strange = other.ask("GET", path, {}, {{"Host", "a\"><script>"}});
    CHECK(strange.json()["imagen"]["url"].get<std::string>().rfind("/api/", 0) == 0);
}

TEST_CASE("a file comes as base64 up to its limit, and as an address beyond it") {
    Rig rig;
    rig.file("fnb/a b.jpg", "foobar");
    checkGolden("picture-base64", rig.get("/api/imagen-base64/fnb/a%20b.jpg"));
    CHECK(rig.get("/api/imagen-base64/catalogos/fnb/a%20b.jpg").json()["base64"] == "Zm9vYmFy");
    rig.file("fnb/doc.pdf", "%PDF");
    checkGolden("pdf-base64", rig.get("/api/pdf-base64/fnb/doc.pdf"));
    rig.file("fnb/big.pdf", std::string((5 << 20) + 1, 'x'));
    checkGolden("pdf-too-large", rig.get("/api/pdf-base64/fnb/big.pdf"));
    const Reply forced = rig.get("/api/pdf-base64/fnb/big.pdf?force=true");
    CHECK(forced.json()["success"] == true);
    CHECK(forced.json()["base64"].get<std::string>().size() == ((5u << 20) + 1 + 2) / 3 * 4);
    std::filesystem::resize_file(rig.root() / "catalogos/fnb/big.pdf", (50 << 20) + 1);
    CHECK(rig.get("/api/pdf-base64/fnb/big.pdf?force=true").json()["success"] == false);
    CHECK(rig.get("/api/pdf-base64/fnb/a%20b.jpg").status == 400);
    CHECK(rig.get("/api/imagen-base64/fnb/doc.pdf").status == 400);
    CHECK(rig.get("/api/imagen-base64/fnb").status == 400);
    for (const char* path : {"fnb/no.jpg", "../secret.jpg", "%2e%2e/secret.jpg", "%252e%252e/secret.jpg", "/etc/x.jpg", "fnb/a%00.jpg"}) {
        INFO(path);
        CHECK(rig.get(std::string("/api/imagen-base64/") + path).status == 404);
    }
}

TEST_CASE("base64 of many pictures comes in pages of 5 MB that lead through all of them") {
    Rig rig;
    const std::string folder = "fnb/2025/11-noviembre/1-celulares/";
    for (int i = 0; i < 5; ++i) rig.file(folder + "precios/p" + std::to_string(i) + ".jpg", std::string(2 << 20, 'a'));
    rig.file(folder + "caracteristicas/enorme.jpg", std::string(6 << 20, 'b'));
    rig.file("gaso/2025/11-noviembre/1-celulares/precios/g.jpg", "g");
    std::string next = "/api/imagenes-base64?segmento=fnb&mes=11-noviembre&ano=2025&categoria=celulares";
    std::vector<std::string> names;
    int pages = 0;
    while (!next.empty() && ++pages < 10) {
        ordered_json page = rig.get(next).json();
        CHECK(page["total"] == 6);
        for (const auto& picture : page["imagenes"]) {
            names.push_back(picture["nombre"]);
            CHECK(picture["base64"].is_null() == (picture["nombre"] == "enorme.jpg"));
        }
        next = page["siguiente"].is_null() ? "" : page["siguiente"].get<std::string>().substr(std::string("http://img.test:8000").size());
    }
    CHECK(pages == 3);
    CHECK(names == std::vector<std::string>{"enorme.jpg", "p0.jpg", "p1.jpg", "p2.jpg", "p3.jpg", "p4.jpg"});
    CHECK(rig.get("/api/imagenes-base64?segmento=fnb&tipo=caracteristicas").json()["total"] == 1);
    CHECK(rig.get("/api/imagenes-base64?tipo=listado").json()["total"] == 6);
}

TEST_CASE("pictures that are there are listed by every spelling of the filter") {
    Rig rig;
    fill(rig);
    const std::string key = "fnb/2025/noviembre/celulares";
    for (const char* month : {"noviembre", "11-noviembre", "11", "NOVIEMBRE"}) {
        const ordered_json list = rig.get(std::string("/api/imagenes-disponibles?segmento=FNB&ano=2025&categoria=celulares&mes=") + month).json();
        CHECK(list["listado"][key].size() == 2);
        CHECK(list["caracteristicas"][key][0]["url"] ==
              "http://img.test:8000/api/catalogos/fnb/2025/11-noviembre/1-celulares/caracteristicas/uno.PNG");
    }
}

TEST_CASE("a product's picture and a month's PDF come as themselves") {
    Rig rig;
    fill(rig);
    const Reply picture = rig.get("/api/imagen/fnb/2025/noviembre/celulares/cel-01/caracteristicas");
    CHECK(picture.status == 200);
    CHECK(picture.headers.at("Content-Type") == "image/png");
    CHECK(picture.body == "picture");
    CHECK(rig.get("/api/imagen/fnb/2025/noviembre/celulares/CEL-01/portada").status == 400);
    CHECK(shortened(rig.get("/api/imagen/fnb/2025/noviembre/celulares/CEL-02/listado")) == "404 El producto no tiene esa imagen");
    CHECK(rig.get("/api/imagen/fnb/2025/noviembre/celulares/NO/listado").status == 404);
    CHECK(rig.get("/api/imagen/fnb/2025/noviembre/laptops/CEL-01/listado").status == 404);
    for (const char* path : {"/api/catalogo-completo/fnb/mes-actual", "/api/catalogo-completo/FNB/activo", "/api/catalogo-completo/fnb/2025/11"}) {
        const Reply pdf = rig.get(path);
        CHECK(pdf.headers.at("Content-Type") == "application/pdf");
        CHECK(pdf.headers.at("Content-Disposition") == "inline");
        CHECK(pdf.body.size() == 3 << 20);
    }
    CHECK(rig.get("/api/ver-pdf/fnb/2025/11-noviembre/1-celulares/Celulares%20nov.PDF").body == "%PDF-1.4");
    CHECK(rig.get("/api/ver-pdf/fnb/2025/11-noviembre/1-celulares/precios/dos.JPG").status == 400);
}

TEST_CASE("a product is validated, and a missing member is 400") {
    Rig rig;
    fill(rig);
    const auto ask = [&](const Json& body) { return rig.ask("POST", "/api/validar-producto", body.dump()); };
    CHECK(ask({{"producto_id", "CEL-01"}, {"categoria", "celulares"}}).json()["producto"]["codigo"] == "CEL-01");
    CHECK(ask({{"producto_id", "CEL-02"}, {"categoria", "celulares"}}).body == R"({"disponible":false,"razon":"Producto agotado"})");
    CHECK(ask({{"producto_id", "LAV-01"}, {"categoria", "lavadoras"}, {"segmento", "gaso"}}).json()["disponible"] == true);
    CHECK(ask({{"producto_id", "OLD-01"}, {"categoria", "laptops"}, {"mes", "setiembre"}}).json()["disponible"] == true);
    const Reply unknown = ask({{"producto_id", "NO"}, {"categoria", "celulares"}});
    CHECK(unknown.status == 404);
    CHECK(unknown.json()["disponible"] == false);
    CHECK(shortened(ask({{"categoria", "celulares"}})) == "400 Falta el campo producto_id");
    CHECK(shortened(ask({{"producto_id", "CEL-01"}})) == "400 Falta el campo categoria");
    CHECK(ask(Json::array()).status == 400);
    CHECK(rig.ask("POST", "/api/validar-producto", "{").status == 400);
    CHECK(ask({{"producto_id", "CEL-01"}, {"categoria", "fusion"}}).status == 404);
}

TEST_CASE("no answer names a path of the server") {
    Rig rig;
    fill(rig);
    for (const char* path : {"/", "/health", "/diagnostico", "/docs", "/openapi.json", "/api/segmentos", "/api/catalogo/fnb/mes-actual", "/api/imagenes-disponibles",
                             "/api/productos", "/api/imagen-base64/no.jpg", "/api/catalogo/fnb/2031/enero"}) {
        INFO(path);
        const Reply reply = rig.get(path);
        CHECK(reply.body.find(rig.root().string()) == std::string::npos);
        CHECK(reply.body.find("/usr/") == std::string::npos);
        CHECK(reply.body.find("/tmp") == std::string::npos);
    }
}

TEST_CASE("the documentation loads nothing from elsewhere") {
    const std::string page = Rig().get("/docs").body;
    CHECK_THAT(page, Catch::Contains("/api/validar-producto"));
    CHECK(page.find("://") == std::string::npos);
    CHECK(page.find("<script") == std::string::npos);
}

TEST_CASE("a listener that wants a token for reading gets one") {
    Rig rig(Json{{"listeners", {{"images", {{"reads", "token"}}}}}});
    CHECK(rig.get("/api/productos").status == 401);
    CHECK(rig.get("/api/catalogo/fnb/mes-actual").status == 401);
    CHECK(rig.write("GET", "/api/productos").status == 200);
}
