// What a path may be, and what the system lets it reach.

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "file_root.hpp"
#include "request_path.hpp"
#include "temporary_folder.hpp"

using namespace totem::images;
using totem_test::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

void write(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
}

std::string read(const OpenFile& file) {
    std::string text(file.size, '\0');
    REQUIRE(pread(file.fd->get(), text.data(), text.size(), 0) ==
            static_cast<ssize_t>(text.size()));
    return text;
}

}  // namespace

TEST_CASE("a path is decoded once, and only once") {
    CHECK(decodeOnce("a%20b") == "a b");
    CHECK(decodeOnce("tama%C3%B1o") == "tama\xc3\xb1o");
    CHECK(decodeOnce("%252e%252e") == "%2e%2e");
    CHECK(decodeOnce("50%2525%20off.jpg") == "50%25 off.jpg");
    CHECK(decodeOnce("a+b") == "a+b");
    for (const char* bad : {"%", "%2", "%zz", "a%00b", "a%0ab", "%7f", "a%5cb", "%ff", "%c0%ae",
                            "%ed%a0%80", "%f5%80%80%80"}) {
        CAPTURE(bad);
        CHECK_FALSE(decodeOnce(bad));
    }
}

TEST_CASE("an encoded path reads back as itself") {
    for (const char* path :
         {"fnb/2025/11-noviembre/1-celulares/precios/1.jpg", "a b/\xc3\xb1 50%.png"})
        CHECK(decodeOnce(encodePath(path)) == path);
    CHECK(encodePath("a b/\xc3\xb1.png") == "a%20b/%C3%B1.png");
}

TEST_CASE("only what lies below the catalogue is a catalogue path") {
    CHECK(catalogPath("/api/catalogos/fnb/a.jpg") == "fnb/a.jpg");
    CHECK(catalogPath("/api/imagenes/catalogos/fnb/a.jpg") == "fnb/a.jpg");
    CHECK(catalogPath("/ver-ruta/catalogos/fnb/a.jpg") == "fnb/a.jpg");
    CHECK(catalogPath("/images/fnb/a.jpg") == "fnb/a.jpg");
    const std::vector<std::string> dots{"..",    "%2e%2e", ".%2e",         "%2E.",  "%252e%252e",
                                        "..%00", "...",    "%c0%ae%c0%ae", "..%5c", "."};
    const std::vector<std::string> slashes{"/", "%2f", "%2F", "//", "/./", "%5c", "%255c", "%252f"};
    int tried = 0;
    for (const std::string& dot : dots) {
        for (const std::string& slash : slashes) {
            for (const std::string before : {"", "fnb/", "/", "fnb%2f"}) {
                const std::string spelled = before + dot + slash + "secret.txt";
                CAPTURE(spelled);
                const auto path = catalogPath("/api/catalogos/" + spelled);
                // A name that merely looks odd may exist; it must still be plain.
                if (path) CHECK(isPlainPath(*path));
                if (path) CHECK(path->find("..") == std::string::npos);
                ++tried;
            }
        }
    }
    CHECK(tried >= 300);
    for (const char* odd :
         {"/api/catalogos/", "/api/catalogos//etc/hostname", "/api/catalogos/%2fetc",
          "/api/catalogos/a//b", "/api/catalogos/.hidden", "/api/catalogos/a/"}) {
        CAPTURE(odd);
        CHECK_FALSE(catalogPath(odd));
    }
    CHECK_FALSE(catalogPath("/api/catalogos/" + std::string(2000, 'a')));
}

TEST_CASE("no path and no link leads out of the root") {
    TemporaryFolder folder;
    write(folder.path() / "secret.txt", "secret");
    write(folder.path() / "root/a/in.txt", "inside");
    fs::create_symlink(folder.path() / "secret.txt", folder.path() / "root/absolute");
    fs::create_symlink("../secret.txt", folder.path() / "root/relative");
    fs::create_directory_symlink("..", folder.path() / "root/up");
    fs::create_symlink("a/in.txt", folder.path() / "root/within");
    fs::create_symlink("/proc/self/environ", folder.path() / "root/proc");
    mkfifo((folder.path() / "root/pipe").c_str(), 0600);
    const FileRoot root((folder.path() / "root").string());
    REQUIRE(root.open("a/in.txt"));
    CHECK(read(*root.open("a/in.txt")) == "inside");
    CHECK(root.open("within"));
    for (const char* path :
         {"absolute", "relative", "up/secret.txt", "../secret.txt", "a/../../secret.txt",
          "/etc/hostname", "proc", "pipe", "a", "", ".", "nothing"}) {
        CAPTURE(path);
        CHECK_FALSE(root.open(path));
    }
    CHECK(root.kind("a") == FileRoot::Kind::kFolder);
    CHECK(root.kind("up") == FileRoot::Kind::kNone);
    CHECK(root.kind("pipe") == FileRoot::Kind::kNone);
}

TEST_CASE("a folder is listed by name, without what is hidden or leads out") {
    TemporaryFolder folder;
    for (const char* name : {"b.jpg", "a.jpg", ".upload-1", "c/x.jpg"})
        write(folder.path() / name, "x");
    fs::create_symlink("/etc/hostname", folder.path() / "out.jpg");
    const FileRoot root(folder.path().string());
    const auto entries = root.list("");
    REQUIRE(entries.size() == 3);
    CHECK(entries[0].name == "a.jpg");
    CHECK(entries[1].name == "b.jpg");
    CHECK(entries[2].name == "c");
    CHECK(entries[2].folder);
    CHECK(root.list("nothing").empty());
    CHECK(root.list("../").empty());
}

TEST_CASE("a file is written as a whole, with its folders, and never through a link") {
    TemporaryFolder folder;
    fs::create_directories(folder.path() / "root");
    fs::create_directories(folder.path() / "elsewhere");
    fs::create_directory_symlink(folder.path() / "elsewhere", folder.path() / "root/link");
    const FileRoot root((folder.path() / "root").string());
    root.write("fnb/2025/11-noviembre/a.jpg", "one");
    root.write("fnb/2025/11-noviembre/a.jpg", "two");
    CHECK(read(*root.open("fnb/2025/11-noviembre/a.jpg")) == "two");
    CHECK(root.list("fnb/2025/11-noviembre").size() == 1);
    CHECK_THROWS(root.write("../a.jpg", "x"));
    CHECK_THROWS(root.write("link/a.jpg", "x"));
    CHECK(fs::is_empty(folder.path() / "elsewhere"));
    CHECK(root.remove("fnb/2025/11-noviembre/a.jpg"));
    CHECK_FALSE(root.remove("fnb/2025/11-noviembre/a.jpg"));
    CHECK_FALSE(root.remove("fnb"));
}
