// Requests and files that mean harm: right answers, nothing outside the root, bounded work.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <thread>

#include "gallery.hpp"
#include "pictures.hpp"
#include "settings.hpp"
#include "signature.hpp"
#include "wanted.hpp"

using nlohmann::json;
using namespace totem_test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

bool isSpanishRefusal(const HttpReply& reply, const Gallery& gallery) {
    return reply.json().at("detail").is_string() &&
           reply.body.find(gallery.folder().string()) == std::string::npos;
}

/// Answers of so many requests for one target, all under way at once.
std::vector<HttpReply> allAtOnce(const Gallery& gallery, int count, const std::string& target,
                                 const std::function<void()>& meanwhile) {
    std::vector<HttpReply> replies(static_cast<std::size_t>(count));
    std::vector<std::thread> clients;
    const int port = gallery.port();
    for (HttpReply& reply : replies)
        clients.emplace_back([&reply, port, &target] { reply = askHttp(port, "GET", target); });
    meanwhile();
    for (std::thread& client : clients) client.join();
    return replies;
}

/// Who waits for a rendition, by the plugin's gauge.
int waiting(Gallery& gallery) {
    const std::string metrics = gallery.daemon().get("admin", "/metrics").body;
    const std::size_t at = metrics.find("_images_waiting{");
    return at == std::string::npos ? -1 : std::stoi(metrics.substr(metrics.find(' ', at)));
}

}  // namespace

TEST_CASE("no spelling of a path leads out of the root") {
    Gallery gallery;
    gallery.file("fnb/a.png", pngOf(10, 10));
    gallery.file("fnb/50%25 off.png", pngOf(11, 11));
    std::ofstream(gallery.root().parent_path() / "secret.png") << "the secret";
    std::ofstream(gallery.root().parent_path() / "secret.pdf") << "the secret";
    fs::create_symlink("../../secret.png", gallery.root() / "fnb/link.png");
    fs::create_symlink("/etc/hostname", gallery.root() / "fnb/absolute.png");
    fs::create_directory_symlink("..", gallery.root() / "up");
    int tried = 0;
    for (const char* prefix :
         {"/api/catalogos/", "/api/imagenes/catalogos/", "/images/", "/ver-ruta/catalogos/",
          "/api/imagen-base64/", "/api/pdf-base64/", "/api/ver-pdf/"}) {
        for (const char* dots : {"..", "%2e%2e", ".%2E", "%252e%252e", "%c0%ae%c0%ae", "..%00"}) {
            for (const char* slash : {"/", "%2f", "%2F", "%252f", "%5c", "//", "/./"}) {
                for (const char* before : {"", "fnb/", "/", "%2f"}) {
                    for (const char* file : {"secret.png", "secret.pdf", "SECRET.PNG"}) {
                        const std::string target =
                            std::string(prefix) + before + dots + slash + file;
                        const HttpReply reply = gallery.ask("GET", target);
                        CAPTURE(target, reply.status, reply.body);
                        REQUIRE((reply.status == 400 || reply.status == 404));
                        REQUIRE(reply.body.find("the secret") == std::string::npos);
                        ++tried;
                    }
                }
            }
        }
        for (const char* path :
             {"fnb/link.png", "fnb/absolute.png", "up/secret.png", "up/secret.pdf", "/etc/hostname",
              "%2fetc%2fhostname", "fnb/a.png%00.pdf", "fnb%00/a.png", "FNB/A.PNG", "fnb/a.png/",
              "fnb/a.png/..", ".", "..", "%2e%2e"}) {
            const HttpReply reply = gallery.ask("GET", std::string(prefix) + path);
            CAPTURE(prefix, path, reply.status, reply.body);
            CHECK((reply.status == 400 || reply.status == 404));
            CHECK(isSpanishRefusal(reply, gallery));
        }
    }
    CHECK(tried > 3000);
    CHECK(gallery.get("fnb/a.png").status == 200);
    CHECK(gallery.get("fnb/50%2525%20off.png").status == 200);
}

TEST_CASE("writing leads out of the root no more than reading does") {
    Gallery gallery;
    fs::create_directory_symlink("..", gallery.root() / "up");
    const std::string picture = pngOf(10, 10);
    for (const char* path : {"../x.png", "%2e%2e/x.png", "up/x.png", "%2fetc%2fx.png", "a%00.png",
                             ".x.png", "a/../../x.png"}) {
        CAPTURE(path);
        const std::string target = std::string("/api/catalogos/") + path;
        CHECK(gallery.write("PUT", target, picture).status >= 400);
        CHECK(gallery.write("DELETE", target).status >= 400);
    }
    CHECK(gallery.ask("PUT", "/api/catalogos/fnb/x.png", picture).status == 401);
    CHECK(gallery.ask("DELETE", "/api/catalogos/fnb/x.png").status == 401);
    std::size_t entries = 0;
    for (const auto& entry : fs::recursive_directory_iterator(gallery.root().parent_path()))
        entries += entry.is_regular_file();
    CHECK(entries == 0);
}

TEST_CASE("pictures of too many pixels are refused by their header, and remembered") {
    Gallery gallery;
    gallery.file("bomb.png", pngOf(30000, 30000, 1));
    // 20 megapixels are within the plain limit, but interlaced ones lie in memory as a whole.
    gallery.file("interlaced.png", pngOf(5000, 4000, 8, true));
    for (const char* name : {"bomb.png", "interlaced.png"}) {
        CAPTURE(name);
        const HttpReply first = gallery.get(std::string(name) + "?w=100");
        CHECK(first.status == 422);
        CHECK(isSpanishRefusal(first, gallery));
        const int before = gallery.renditions();
        CHECK(gallery.get(std::string(name) + "?w=100").status == 422);
        CHECK(gallery.renditions() == before);
        // Whoever asks for no size gets the file as it is, whatever formats he likes.
        CHECK(gallery.get(name, {{"Accept", "image/webp"}}).status == 200);
        CHECK(gallery.write("PUT", "/api/catalogos/up.png", pngOf(30000, 2000, 1)).status == 422);
    }
    CHECK(gallery.renditions("failed") == 0);
}

TEST_CASE("what is cut short is refused at the door, what lies there is served") {
    Gallery gallery;
    const std::string whole = samplePhoto(), half = whole.substr(0, whole.size() / 2);
    CHECK(gallery.write("PUT", "/api/catalogos/half.jpg", half).status == 422);
    CHECK(gallery.write("PUT", "/api/catalogos/whole.jpg", whole).status == 201);
    CHECK(gallery.write("PUT", "/api/catalogos/whole.png", whole).status == 422);
    CHECK(gallery.write("PUT", "/api/catalogos/script.jpg", "<script>alert(1)</script>").status ==
          422);
    CHECK(gallery.write("PUT", "/api/catalogos/empty.jpg", "").status >= 400);
    gallery.file("half.jpg", half);
    CHECK(gallery.get("half.jpg").body == half);
    gallery.file("nothing.jpg", "");
    CHECK(gallery.get("nothing.jpg?w=10").status == 200);
    // Only the first bytes are a picture's.
    gallery.file("head.png", pngOf(100, 100).substr(0, 40));
    CHECK(gallery.get("head.png?w=10").status == 422);
}

TEST_CASE("a picture with something else behind it is isolated, and a rendition loses the tail") {
    Gallery gallery;
    const std::string tail = "<script>alert(document.domain)</script>PK\x03\x04";
    gallery.file("both.jpg", samplePhoto() + tail);
    const HttpReply original = gallery.get("both.jpg");
    CHECK(original.headers.at("content-type") == "image/jpeg");
    CHECK(original.headers.at("x-content-type-options") == "nosniff");
    CHECK(original.headers.at("content-security-policy") == "default-src 'none'; sandbox");
    const HttpReply rendition = gallery.get("both.jpg?w=300");
    CHECK(rendition.status == 200);
    CHECK(rendition.body.find("script") == std::string::npos);
    // A page that calls itself a picture.
    gallery.file("page.jpg", "<html>" + tail);
    const HttpReply page = gallery.get("page.jpg");
    CHECK(page.headers.at("content-type") == "application/octet-stream");
    CHECK(page.headers.at("content-disposition") == "attachment");
}

TEST_CASE("one client's ten thousand sizes cost a few renditions") {
    Gallery gallery(json{{"limits", {{"per_client_per_minute", 60}}}});
    gallery.file("a.png", pngOf(64, 64));
    std::map<int, int> answers;
    for (int i = 0; i < 10'000; ++i) {
        const std::string size = "?w=" + std::to_string(1 + i % 64) +
                                 "&q=" + std::to_string(1 + i / 64 % 100) +
                                 "&h=" + std::to_string(1 + i / 6400);
        ++answers[gallery.get("a.png" + size).status];
    }
    CHECK(answers[200] + answers[429] == 10'000);
    CHECK(gallery.renditions() < 200);
    // What is there already is no new size.
    CHECK(gallery.get("a.png").status == 200);
}

TEST_CASE("five hundred who want one cold rendition at once get one computation") {
    Gallery gallery;
    gallery.file("a.jpg", samplePhoto());
    gallery.file("warm.jpg", samplePhoto() + "x");
    REQUIRE(gallery.get("warm.jpg?w=50").status == 200);
    REQUIRE(gallery.get("warm.jpg?w=50").status == 200);
    const std::vector<int> workers = gallery.workers();
    REQUIRE(!workers.empty());
    const int before = gallery.renditions();
    for (const int worker : workers) kill(worker, SIGSTOP);
    const auto replies = allAtOnce(gallery, 500, "/api/catalogos/a.jpg?w=200&fm=webp", [&] {
        CHECK(pollUntil(60s, [&] { return waiting(gallery) == 500; }));
        // Hits do not wait behind them.
        CHECK(gallery.get("warm.jpg?w=50").status == 200);
        for (const int worker : workers) kill(worker, SIGCONT);
    });
    std::set<std::string> bodies;
    for (const HttpReply& reply : replies) {
        CHECK(reply.status == 200);
        bodies.insert(reply.body);
    }
    CHECK(bodies.size() == 1);
    CHECK(gallery.renditions() == before + 1);
}

TEST_CASE("a picture that kills its worker costs one 422") {
    Gallery gallery;
    gallery.file("a.jpg", samplePhoto());
    gallery.file("b.jpg", samplePhoto() + "x");
    REQUIRE(gallery.get("a.jpg?w=50").status == 200);
    const std::vector<int> workers = gallery.workers();
    REQUIRE(!workers.empty());
    for (const int worker : workers) kill(worker, SIGSTOP);
    const auto replies = allAtOnce(gallery, 1, "/api/catalogos/a.jpg?w=60", [&] {
        CHECK(pollUntil(60s, [&] { return waiting(gallery) == 1; }));
        for (const int worker : workers) kill(worker, SIGKILL);
    });
    CHECK(replies[0].status == 422);
    CHECK(isSpanishRefusal(replies[0], gallery));
    CHECK(gallery.get("b.jpg?w=60").status == 200);
    CHECK(gallery.get("a.jpg?w=60").status == 200);
}

TEST_CASE("a cache that cannot be written keeps nothing and breaks nothing") {
    Gallery gallery;
    gallery.file("a.jpg", samplePhoto());
    fs::remove_all(gallery.cache());
    std::ofstream(gallery.cache()) << "a file where the folder was";
    for (int i = 0; i < 3; ++i) CHECK(widthOf(gallery.get("a.jpg?w=300").body) == 300);
    const auto cacheIs = [&](const char* state) {
        return gallery.daemon()
                   .get("admin", "/health")
                   .json()
                   .at("/components/images.cache/state"_json_pointer) == state;
    };
    CHECK(cacheIs("unhealthy"));
    fs::remove(gallery.cache());
    fs::create_directories(gallery.cache());
    CHECK(gallery.get("a.jpg?w=301").status == 200);
    CHECK(cacheIs("healthy"));
}

TEST_CASE("a source that is replaced is never mixed with its successor") {
    Gallery gallery(json{{"limits", {{"per_client_per_minute", 0}}}});
    const std::string old = pngOf(1000, 1000, 8, false, true),
                      fresh = pngOf(900, 900, 8, false, true);
    gallery.file("a.png", old);
    std::atomic<bool> stop{false};
    std::thread writer([&] {
        for (bool turn = true; !stop; turn = !turn) gallery.file("a.png", turn ? fresh : old);
    });
    for (int i = 0; i < 200; ++i) {
        const HttpReply reply = gallery.get("a.png");
        CHECK(reply.status == 200);
        CHECK((reply.body == old || reply.body == fresh));
        const HttpReply small = gallery.get("a.png?w=" + std::to_string(20 + i % 5));
        CHECK((small.status == 200 || small.status == 503));
    }
    stop = true;
    writer.join();
    gallery.file("a.png", fresh);
    CHECK(pollUntil(20s, [&] { return gallery.get("a.png").body == fresh; }));
    int width = 0;
    CHECK(
        pollUntil(20s, [&] { return (width = widthOf(gallery.get("a.png?w=2000").body)) == 900; }));
    CHECK(width == 900);
}

TEST_CASE("a public listener makes presets and what is signed") {
    const std::string key = "the-key-of-this-year", old = "the-key-of-last-year";
    Gallery gallery(
        json{{"signing_keys", {key, old}}, {"listeners", {{"images", {{"sizes", "signed"}}}}}});
    gallery.file("a.jpg", samplePhoto());
    const auto signedWith = [](const std::string& by, const std::string& query) {
        const auto settings = totem::images::parseSettings("{}");
        const auto wanted = totem::images::Wanted::parse(query, settings);
        return "a.jpg?" + query + "&s=" + totem::images::sign(by, "a.jpg", wanted.signedText());
    };
    CHECK(gallery.get("a.jpg").status == 200);
    CHECK(gallery.get("a.jpg?preset=listado").status == 200);
    CHECK(gallery.get("a.jpg?w=123").status == 403);
    CHECK(gallery.get("a.jpg?preset=listado&w=123").status == 403);
    CHECK(gallery.get(signedWith(key, "w=123")).status == 200);
    CHECK(gallery.get(signedWith(old, "w=124")).status == 200);
    CHECK(gallery.get(signedWith("another-key-altogether", "w=125")).status == 403);
    CHECK(gallery.get(signedWith(key, "w=126&e=4000000000")).status == 200);
    CHECK(gallery.get(signedWith(key, "w=127&e=1")).status == 403);
    CHECK(gallery.get(signedWith(key, "w=128") + "&q=10").status == 403);
    CHECK(gallery.renditions("made") == 4);
}
