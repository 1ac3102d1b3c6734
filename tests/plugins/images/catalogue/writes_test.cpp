// Products: who may write, what is stored, what becomes of a store that fails; and the actions.

#include <catch2/catch.hpp>

#include "rig.hpp"

using catalogue_test::Reply;
using catalogue_test::Rig;
using totem::Json;

namespace {

const Json kProduct{{"codigo", "CEL-01"}, {"nombre", "Uno"}, {"precio", 10.5}, {"categoria", "celulares"}};

}  // namespace

TEST_CASE("writes need one of the tokens") {
    Rig rig;
    for (const auto& [method, target] : {std::pair{"POST", "/api/productos"}, {"PUT", "/api/productos/1"}, {"DELETE", "/api/productos/1"}}) {
        INFO(method);
        CHECK(rig.ask(method, target, kProduct.dump()).status == 401);
        CHECK(rig.ask(method, target, kProduct.dump(), {{"Authorization", "Bearer wrong-token-wrong-token"}}).status == 401);
    }
    CHECK(rig.host.writes == 0);
    Rig closed(Json{{"tokens", Json::array()}});
    CHECK(closed.write("POST", "/api/productos", kProduct).status == 403);
    CHECK_THAT(closed.write("POST", "/api/productos", kProduct).detail(), Catch::Contains("plugins.images.config.tokens"));
}

TEST_CASE("a product lives through create, read, change, restart and delete") {
    Rig rig;
    const Reply created = rig.write("POST", "/api/productos", kProduct);
    CHECK(created.status == 200);
    CHECK(created.json()["id"] == 1);
    CHECK(created.json()["mes"] == "noviembre");
    CHECK(created.json()["segmento"] == "fnb");
    CHECK(rig.get("/api/productos/1").body == created.body);
    CHECK(rig.get("/api/productos/cel-01").body == created.body);
    const Reply changed = rig.write("PUT", "/api/productos/1", {{"precio", 0}, {"estado", "agotado"}});
    CHECK(changed.json()["precio"] == 0);
    CHECK(changed.json()["stock"] == false);
    CHECK(changed.json()["nombre"] == "Uno");
    rig.restart();
    CHECK(rig.get("/api/productos/1").body == changed.body);
    CHECK(rig.write("DELETE", "/api/productos/1").json()["mensaje"] == "Producto CEL-01 eliminado");
    CHECK(rig.get("/api/productos/1").detail() == "Producto no encontrado");
    CHECK(rig.write("DELETE", "/api/productos/1").status == 404);
    CHECK(rig.write("PUT", "/api/productos/1", {{"precio", 1}}).status == 404);
    rig.restart();
    CHECK(rig.get("/api/productos").body == "[]");
}

TEST_CASE("what the edit form reads and writes back leaves the product as it was") {
    Rig rig;
    const Json before = rig.product();
    CHECK(before["imagen_listado"] == "http://img.test:8000/api/catalogos/fnb/2025/11-noviembre/1-celulares/precios/uno%20frente.jpg");
    Reply after = rig.write("PUT", "/api/productos/1", before);
    CHECK(Json::parse(after.body) == before);
    CHECK(rig.host.rows.begin()->second.find("img.test") == std::string::npos);
}

TEST_CASE("a wrong product is 422 with a sentence and a list, and is not stored") {
    Rig rig;
    Json wrong = kProduct;
    wrong["precio"] = -1;
    wrong["estado"] = "x";
    const Reply reply = rig.write("POST", "/api/productos", wrong);
    CHECK(reply.status == 422);
    CHECK_THAT(reply.detail(), Catch::Contains("precio") && Catch::Contains("estado"));
    CHECK(reply.json()["errors"].size() == 2);
    CHECK(reply.json()["errors"][0]["loc"].dump() == R"(["body","precio"])");
    CHECK(rig.host.writes == 0);
    rig.write("POST", "/api/productos", kProduct);
    for (const char* body : {R"({"precio": null})", R"({"nombre": null})", R"({"codigo": ""})", "[]", "{", ""}) {
        INFO(body);
        CHECK(rig.ask("PUT", "/api/productos/1", body, {{"Authorization", std::string("Bearer ") + Rig::kToken}}).status == 422);
    }
    CHECK(rig.get("/api/productos").json().size() == 1);
    CHECK(rig.host.writes == 1);
}

TEST_CASE("a code can be there once, whatever its case") {
    Rig rig;
    rig.write("POST", "/api/productos", kProduct);
    Json again = kProduct;
    again["codigo"] = "cel-01";
    const Reply reply = rig.write("POST", "/api/productos", again);
    CHECK(reply.status == 409);
    CHECK_THAT(reply.detail(), Catch::Contains("cel-01"));
    again["codigo"] = "CEL-02";
    rig.write("POST", "/api/productos", again);
    CHECK(rig.write("PUT", "/api/productos/2", {{"codigo", "CEL-01"}}).status == 409);
    CHECK(rig.write("PUT", "/api/productos/2", {{"codigo", "cel-02"}}).status == 200);
}

TEST_CASE("a store that fails is 503, is not remembered, and nothing is lost") {
    Rig rig;
    rig.product();
    CHECK(rig.get("/api/catalogo/fnb/mes-actual").json()["total_productos"] == 1);
    rig.host.storeFails = true;
    const Reply failed = rig.write("PUT", "/api/productos/1", {{"precio", 1}});
    CHECK(failed.status == 503);
    CHECK(failed.headers.at("Retry-After") == "5");
    CHECK(failed.body.find("disk") == std::string::npos);
    // Nobody knows now what the store holds.
    CHECK(rig.get("/api/catalogo/fnb/mes-actual").status == 503);
    CHECK(rig.get("/api/catalogo/fnb/mes-actual/celulares/CEL-01").status == 503);
    rig.host.storeFails = false;
    CHECK(rig.get("/api/catalogo/fnb/mes-actual").json()["total_productos"] == 1);
    CHECK(rig.get("/api/productos/1").json()["precio"] == 999.9);
}

TEST_CASE("products that cannot be read at the start refuse the plugin; one broken row does not") {
    Rig rig;
    rig.product();
    rig.host.rows["product/000000000009"] = "{\"id\": 9}";
    rig.restart();
    CHECK(rig.get("/api/productos").json().size() == 1);
    CHECK(rig.get("/diagnostico").json()["productos_ilegibles"] == 1);
    rig.host.storeFails = true;
    CHECK_THROWS_AS(rig.restart(), totem::Failure);
    rig.host.storeFails = false;
}

TEST_CASE("the list can be narrowed") {
    Rig rig;
    rig.product();
    rig.product({{"codigo", "B"}, {"categoria", "laptops"}, {"estado", "agotado"}});
    rig.product({{"codigo", "C"}, {"segmento", "gaso"}, {"mes", "10"}});
    const auto count = [&](const std::string& query) { return rig.get("/api/productos?" + query).json().size(); };
    CHECK(count("segmento=FNB") == 2);
    CHECK(count("mes=Octubre&ano=2025") == 1);
    CHECK(count("categoria=2-laptops") == 1);
    CHECK(count("estado=agotado") == 1);
    CHECK(count("") == 3);
    CHECK(rig.get("/api/productos?mes=13").status == 404);
}

TEST_CASE("flows ask for products, availability, addresses and bytes") {
    Rig rig(Json{{"public_url", "https://img.example"}});
    rig.file("fnb/2025/11-noviembre/1-celulares/precios/uno frente.jpg", "foobar");
    rig.product();
    rig.product({{"codigo", "CEL-02"}, {"nombre", "Otro"}, {"estado", "agotado"}});
    const Json products = rig.action("images.products", {{"categoria", "celulares"}});
    CHECK(products["total"] == 1);
    CHECK(products["productos"][0]["cuotas"]["3"] == 338.85);
    CHECK(rig.action("images.products", {{"disponibles", false}, {"limite", 1}})["total"] == 2);
    CHECK(rig.action("images.products", {{"texto", "TELEFONO"}})["total"] == 1);
    CHECK(rig.action("images.products", {{"categoria", "fusion"}})["failed"] == "not_found");
    CHECK(rig.action("images.availability", {{"producto_id", "cel-01"}})["disponible"] == true);
    CHECK(rig.action("images.availability", {{"producto_id", "CEL-02"}})["razon"] == "Producto agotado");
    CHECK(rig.action("images.availability", {{"producto_id", "NO"}})["razon"] == "Producto no encontrado");
    CHECK(rig.action("images.url", {{"producto_id", "CEL-01"}, {"preset", "whatsapp"}})["url"] ==
          "https://img.example/api/catalogos/fnb/2025/11-noviembre/1-celulares/precios/uno%20frente.jpg?preset=whatsapp");
    CHECK(rig.action("images.url", {{"producto_id", "NO"}})["failed"] == "not_found");
    CHECK(rig.action("images.url", Json::object())["failed"] == "invalid");
    const Json bytes = rig.action("images.base64", {{"producto_id", "CEL-01"}});
    CHECK(bytes["base64"] == "Zm9vYmFy");
    CHECK(bytes["mime_type"] == "image/jpeg");
    CHECK(rig.action("images.base64", {{"ruta", "../x.jpg"}})["failed"] == "invalid");
    CHECK(rig.action("images.base64", {{"ruta", "fnb/no.jpg"}})["failed"] == "not_found");
    rig.file("fnb/grande.jpg", std::string((5 << 20) + 1, 'x'));
    CHECK(rig.action("images.base64", {{"ruta", "fnb/grande.jpg"}})["failed"] == "invalid");
}
