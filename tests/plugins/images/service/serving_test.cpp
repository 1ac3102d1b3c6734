// What a client sees of files, renditions and their caches.

#include <catch2/catch.hpp>
#include <filesystem>
#include <future>
#include <set>

#include "gallery.hpp"
#include "pictures.hpp"

using nlohmann::json;
using namespace totem_test;
using namespace std::chrono_literals;

namespace {

const Headers kChrome{
    {"Accept", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"}};
const Headers kWebp{{"Accept", "image/webp,*/*"}};

}  // namespace

TEST_CASE("a file has the same answer under each of its addresses") {
    Gallery gallery;
    const std::string path = "fnb/2025/11-noviembre/1-celulares/precios/a%20b%20%C3%B1.PNG";
    gallery.file("fnb/2025/11-noviembre/1-celulares/precios/a b \xc3\xb1.PNG", pngOf(50, 40));
    for (const char* prefix :
         {"/api/catalogos/", "/api/imagenes/catalogos/", "/ver-ruta/catalogos/", "/images/"}) {
        const HttpReply reply = gallery.ask("GET", prefix + path);
        CAPTURE(prefix);
        CHECK(reply.status == 200);
        CHECK(reply.headers.at("content-type") == "image/png");
        CHECK(widthOf(reply.body) == 50);
        CHECK(gallery.ask("HEAD", prefix + path).headers.at("content-length") ==
              std::to_string(reply.body.size()));
    }
    CHECK(gallery.get("fnb/2025").status == 400);
    CHECK(gallery.get("fnb/nada.png").status == 404);
}

TEST_CASE("each client gets the best format that it knows; AVIF comes behind the first answer") {
    Gallery gallery;
    gallery.file("a.jpg", samplePhoto());
    CHECK(typeOf(gallery.get("a.jpg").body) == "image/jpeg");
    const HttpReply webp = gallery.get("a.jpg", kWebp);
    CHECK(typeOf(webp.body) == "image/webp");
    CHECK(webp.headers.at("vary") == "Accept");
    CHECK(webp.body.size() < samplePhoto().size());
    // At first WebP, until the AVIF is there.
    CHECK(typeOf(gallery.get("a.jpg?w=320", kChrome).body) == "image/webp");
    CHECK(pollUntil(
        30s, [&] { return typeOf(gallery.get("a.jpg?w=320", kChrome).body) == "image/avif"; }));
    CHECK(gallery.get("a.jpg?w=320", kChrome).headers.at("content-type") == "image/avif");
}

TEST_CASE("sizes, presets, formats; nothing is enlarged") {
    Gallery gallery(
        json{{"presets", {{"cuadro", {{"width", 200}, {"height", 200}, {"fit", "pad"}}}}}});
    gallery.file("a.jpg", samplePhoto());
    gallery.file("wide.png", pngOf(2000, 500));
    CHECK(widthOf(gallery.get("a.jpg?w=320").body) == 320);
    CHECK(widthOf(gallery.get("a.jpg?w=100&dpr=2").body) == 200);
    CHECK(widthOf(gallery.get("a.jpg?w=4000").body) == 640);
    CHECK(widthOf(gallery.get("a.jpg?preset=listado").body) == 180);
    CHECK(widthOf(gallery.get("wide.png?preset=cuadro").body) == 200);
    const HttpReply whatsapp = gallery.get("wide.png?preset=whatsapp", kChrome);
    CHECK(typeOf(whatsapp.body) == "image/jpeg");
    CHECK(widthOf(whatsapp.body) == 1600);
    CHECK(typeOf(gallery.get("a.jpg?fm=png&w=50").body) == "image/png");
    const HttpReply bad = gallery.get("a.jpg?w=abc");
    CHECK(bad.status == 400);
    CHECK(bad.json().at("detail").is_string());
    CHECK(gallery.get("a.jpg?preset=nada").status == 400);
}

TEST_CASE("a PDF is served as it is, its first page as a picture") {
    Gallery gallery;
    gallery.file("lista.pdf", samplePdf());
    CHECK(gallery.get("lista.pdf").headers.at("content-type") == "application/pdf");
    CHECK(gallery.get("lista.pdf").body == samplePdf());
    const HttpReply page = gallery.get("lista.pdf?w=300");
    CHECK(page.status == 200);
    CHECK(typeOf(page.body) == "image/jpeg");
    CHECK(widthOf(page.body) == 300);
}

TEST_CASE("conditions, ranges and versions of a rendition") {
    Gallery gallery;
    gallery.file("a.jpg", samplePhoto());
    const HttpReply first = gallery.get("a.jpg?w=300");
    const std::string etag = first.headers.at("etag");
    CHECK(etag.front() == '"');
    CHECK(first.headers.at("cache-control") == "public, max-age=300, stale-while-revalidate=3600");
    CHECK(gallery.get("a.jpg?w=300", {{"If-None-Match", etag}}).status == 304);
    CHECK(gallery.get("a.jpg?w=300", {{"If-None-Match", etag}}).body.empty());
    CHECK(gallery.get("a.jpg?w=301", {{"If-None-Match", etag}}).status == 200);
    CHECK(gallery.get("a.jpg?w=300", {{"If-Modified-Since", first.headers.at("last-modified")}})
              .status == 304);
    const HttpReply part = gallery.get("a.jpg?w=300", {{"Range", "bytes=10-19"}});
    CHECK(part.status == 206);
    CHECK(part.body == first.body.substr(10, 10));
    const HttpReply original = gallery.get("a.jpg");
    const std::string version = original.headers.at("etag").substr(1, 8);
    CHECK(gallery.get("a.jpg?w=300&v=" + version).headers.at("cache-control") ==
          "public, max-age=31536000, immutable");
}

TEST_CASE("renditions outlive the daemon; a changed source has new ones") {
    Gallery gallery;
    gallery.file("a.jpg", samplePhoto());
    REQUIRE(widthOf(gallery.get("a.jpg?w=300").body) == 300);
    gallery.daemon().stop();
    gallery.daemon().start();
    CHECK(widthOf(gallery.get("a.jpg?w=300").body) == 300);
    CHECK(gallery.renditions() == 0);
    gallery.file("a.jpg", pngOf(200, 200));
    CHECK(pollUntil(20s, [&] { return widthOf(gallery.get("a.jpg?w=300").body) == 200; }));
}

TEST_CASE("presets are made when a picture appears, not when somebody asks") {
    Gallery gallery(json{{"presets_ahead", true}});
    REQUIRE(gallery.write("PUT", "/api/catalogos/fnb/a.jpg", samplePhoto()).status == 201);
    const auto files = [&] {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(gallery.cache()))
            count += entry.is_regular_file();
        return count;
    };
    // Two presets in three formats, and one that is always JPEG.
    CHECK(pollUntil(60s, [&] { return files() == 7; }));
    const int before = gallery.renditions();
    CHECK(typeOf(gallery.get("fnb/a.jpg?preset=listado", kChrome).body) == "image/avif");
    CHECK(typeOf(gallery.get("fnb/a.jpg?preset=whatsapp").body) == "image/jpeg");
    CHECK(gallery.renditions() == before);
}

TEST_CASE("a private listener wants a token for reading, too") {
    Gallery gallery(json{{"listeners", {{"images", {{"reads", "token"}}}}}});
    gallery.file("a.jpg", samplePhoto());
    for (const char* target : {"/api/catalogos/a.jpg", "/api/segmentos", "/api/productos",
                               "/api/catalogo/fnb/mes-actual", "/api/imagen-base64/a.jpg"}) {
        CAPTURE(target);
        CHECK(gallery.ask("GET", target).status == 401);
        CHECK(gallery.write("GET", target).status != 401);
    }
    CHECK(
        gallery.write("GET", "/api/catalogos/a.jpg").headers.at("cache-control").find("private") ==
        0);
}

namespace {

/// A form with the product's JSON and one picture for the list.
HttpReply sendForm(const Gallery& gallery, const std::string& method, const std::string& target,
                   const json& product, const std::string& picture,
                   const std::string& name = "foto de andes.JPG") {
    const std::string body =
        "--x\r\nContent-Disposition: form-data; name=\"producto\"\r\n\r\n" + product.dump() +
        "\r\n--x\r\nContent-Disposition: form-data; name=\"imagen_listado\"; "
        "filename=\"" +
        name + "\"\r\nContent-Type: image/jpeg\r\n\r\n" + picture + "\r\n--x--\r\n";
    return gallery.write(method, target, body,
                         {{"Content-Type", "multipart/form-data; boundary=x"}});
}

std::size_t filesIn(const Gallery& gallery) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(gallery.root()))
        count += entry.is_regular_file();
    return count;
}

}  // namespace

TEST_CASE("a product comes with its picture, or neither comes") {
    Gallery gallery;
    const json product{{"codigo", "CEL/01"},       {"nombre", "Andes"}, {"precio", 899},
                       {"categoria", "celulares"}, {"mes", "3"},        {"ano", "2026"}};
    const HttpReply made = sendForm(gallery, "POST", "/api/productos", product, samplePhoto());
    CAPTURE(made.body);
    REQUIRE(made.status == 200);
    const std::string url = made.json().at("imagen_listado");
    const std::size_t path = url.find("/api/catalogos/");
    CHECK(url.find("fnb/2026/03-marzo/1-celulares/precios/cel-01-") != std::string::npos);
    CHECK(gallery.ask("GET", url.substr(path)).body == samplePhoto());
    CHECK(filesIn(gallery) == 1);
    // A code that is there already, a picture that is none, a member that is wrong.
    const std::string other = samplePhoto() + "other";
    CHECK(sendForm(gallery, "POST", "/api/productos", product, other).status == 409);
    json second = product;
    second["codigo"] = "CEL-02";
    CHECK(sendForm(gallery, "POST", "/api/productos", second, "<script>").status == 422);
    CHECK(sendForm(gallery, "POST", "/api/productos", second, other, "x.exe").status == 400);
    second["precio"] = -1;
    CHECK(sendForm(gallery, "POST", "/api/productos", second, other).status == 422);
    CHECK(filesIn(gallery) == 1);
    CHECK(gallery.ask("GET", "/api/productos").json().size() == 1);
    // Another picture for the same product, and nothing else changed.
    const HttpReply changed = sendForm(gallery, "PUT", "/api/productos/1", json::object(), other);
    CHECK(changed.status == 200);
    CHECK(changed.json().at("nombre") == "Andes");
    CHECK(changed.json().at("imagen_listado") != url);
    CHECK(gallery.ask("PUT", "/api/productos/1", "{}").status == 401);
}

TEST_CASE("a form with too many parts is refused, not cut") {
    Gallery gallery;
    std::string body;
    for (int i = 0; i < 21; ++i) {
        body += "--x\r\nContent-Disposition: form-data; name=\"f" + std::to_string(i) +
                "\"\r\n\r\n1\r\n";
    }
    const HttpReply reply = gallery.write("POST", "/api/productos", body + "--x--\r\n",
                                          {{"Content-Type", "multipart/form-data; boundary=x"}});
    CHECK(reply.status == 400);
    CHECK(reply.body.find("más de 20 partes") != std::string::npos);
}

TEST_CASE("of one form sent several times at once a product stays, with its picture") {
    Gallery gallery;
    const json product{{"codigo", "CEL-01"},       {"nombre", "Andes"}, {"precio", 899},
                       {"categoria", "celulares"}, {"mes", "3"},        {"ano", "2026"}};
    std::vector<std::future<HttpReply>> sent;
    for (int i = 0; i < 8; ++i) {
        sent.push_back(std::async(std::launch::async, [&] {
            return sendForm(gallery, "POST", "/api/productos", product, samplePhoto());
        }));
    }
    std::multiset<int> statuses;
    for (auto& reply : sent) statuses.insert(reply.get().status);
    CHECK(statuses.count(200) == 1);
    CHECK(statuses.count(409) == 7);
    const std::string url = gallery.ask("GET", "/api/productos").json()[0].at("imagen_listado");
    CHECK(gallery.ask("GET", url.substr(url.find("/api/catalogos/"))).status == 200);
}
