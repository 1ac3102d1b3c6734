// A catalogos.db through totemctl, the daemon and the worker that reads it.

#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "e2e/daemon.hpp"

using nlohmann::json;
using totem_test::TestDaemon;

namespace {

json configuration() {
    return {{"listeners", {{"images", {{"address", "127.0.0.1:0"}, {"plugins", {"images"}}}}}},
            {"plugins", {{"images", {{"enabled", true}}}}}};
}

void makeDatabase(const std::string& file, const std::string& sql) {
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
    CHECK(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(db);
}

constexpr const char* kTable =
    "CREATE TABLE productos (id INTEGER PRIMARY KEY, codigo VARCHAR(50) UNIQUE, nombre VARCHAR(200), descripcion VARCHAR(500),"
    " precio FLOAT, categoria VARCHAR, imagen_listado VARCHAR, imagen_caracteristicas VARCHAR, imagen_caracteristicas_2 VARCHAR,"
    " cuotas JSON, mes VARCHAR, ano VARCHAR, segmento VARCHAR, estado VARCHAR, stock BOOLEAN);";

constexpr const char* kRows =
    "INSERT INTO productos VALUES"
    "(3,'CEL-01','Teléfono',NULL,999.9,'1-celulares','fnb/a.jpg','catalogos/fnb/b.png','/api/catalogos/fnb/c.webp','\"{\\\"3\\\": 338.85}\"','Noviembre','2025','FNB','disponible',1),"
    "(5,'CEL-02','Otro','x',10,'celulares','http://10.0.0.5:8000/api/catalogos/fnb/d.gif',NULL,NULL,'{\"6\": 2}','11','2025','fnb','agotado',0),"
    "(6,'CEL-03',NULL,NULL,NULL,'celulares',NULL,NULL,NULL,NULL,'noviembre','2025','fnb','disponible',1);";

struct Run {
    int code = 0;
    std::string out;
};

Run totemctl(const TestDaemon& daemon, const std::string& arguments) {
    const std::string out = (daemon.folder() / "ctl.out").string();
    const std::string command = std::string(TOTEM_TOTEMCTL) + " --config " + (daemon.folder() / "totemd.json").string() + " --admin 127.0.0.1:" +
                                std::to_string(daemon.port("admin")) + " --json " + arguments + " >" + out + " 2>&1";
    Run run;
    run.code = std::system(command.c_str());
    std::ifstream in(out);
    run.out = {std::istreambuf_iterator<char>(in), {}};
    return run;
}

}  // namespace

TEST_CASE("an old database is taken over, again without harm, and survives a restart") {
    TestDaemon daemon(configuration());
    const std::string file = (daemon.folder() / "catalogos.db").string();
    makeDatabase(file, std::string("PRAGMA journal_mode=WAL;") + kTable + kRows);

    Run run = totemctl(daemon, "images import " + file + " --dry-run");
    INFO(run.out);
    CHECK(run.code == 0);
    CHECK(json::parse(run.out)["valid"] == 2);
    CHECK(daemon.get("images", "/api/productos").json().empty());

    run = totemctl(daemon, "images import " + file);
    INFO(run.out);
    REQUIRE(run.code == 0);
    json report = json::parse(run.out);
    CHECK(report["read"] == 3);
    CHECK(report["added"] == 2);
    CHECK(report["skipped"] == 1);
    CHECK(report["skipped_rows"][0]["code"] == "CEL-03");
    report = json::parse(totemctl(daemon, "images import " + file).out);
    CHECK(report["added"] == 0);
    CHECK(report["unchanged"] == 2);

    daemon.stop();
    daemon.start();
    const json products = daemon.get("images", "/api/productos").json();
    REQUIRE(products.size() == 2);
    CHECK(products[0]["id"] == 3);
    CHECK(products[0]["cuotas"]["3"] == 338.85);
    const json catalogue = daemon.get("images", "/api/catalogo/fnb/2025/noviembre").json();
    CHECK(catalogue["total_productos"] == 2);
    const json pictures = catalogue["categorias"]["celulares"]["productos"];
    CHECK(pictures[0]["imagen"]["url_relativa"] == "/api/catalogos/fnb/a.jpg");
    CHECK(pictures[0]["imagen_caracteristicas"]["url_relativa"] == "/api/catalogos/fnb/b.png");
    CHECK(pictures[0]["imagen_caracteristicas_2"]["url_relativa"] == "/api/catalogos/fnb/c.webp");
    CHECK(pictures[1]["imagen"]["url_relativa"] == "/api/catalogos/fnb/d.gif");
}

TEST_CASE("what is no such database is refused with a reason, and the worker serves on") {
    TestDaemon daemon(configuration());
    const std::string file = (daemon.folder() / "x.db").string();
    const auto refused = [&](const std::string& reason) {
        const Run run = totemctl(daemon, "images import " + file);
        INFO(run.out);
        CHECK(run.code != 0);
        CHECK_THAT(run.out, Catch::Contains(reason));
    };
    std::ofstream(file) << "no database";
    refused("no SQLite database");
    std::filesystem::remove(file);
    makeDatabase(file, "CREATE TABLE otra (x);");
    refused("productos");
    std::filesystem::remove(file);
    // A view could compute for ever; it may only read.
    makeDatabase(file, "CREATE VIEW productos AS WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n) SELECT i FROM n;");
    refused("productos");
    std::filesystem::remove(file);
    makeDatabase(file, std::string(kTable) + kRows);
    std::string bytes;
    {
        std::ifstream in(file, std::ios::binary);
        bytes = {std::istreambuf_iterator<char>(in), {}};
    }
    for (std::size_t i = 100; i < bytes.size(); i += 3) bytes[i] = static_cast<char>(i * 7);
    std::ofstream(file, std::ios::binary) << bytes;
    refused("productos");
    std::filesystem::remove(file);
    makeDatabase(file, std::string(kTable) + kRows);
    CHECK(json::parse(totemctl(daemon, "images import " + file).out)["added"] == 2);
}
