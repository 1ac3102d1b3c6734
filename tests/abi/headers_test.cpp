#include <catch2/catch.hpp>

#include "abi/command.hpp"

using namespace totem_test;
namespace fs = std::filesystem;

namespace {

const fs::path kInclude = fs::path(TOTEM_SDK_FOLDER) / "include";

std::vector<fs::path> headersOf(const std::string& folder, const std::string& ending) {
    std::vector<fs::path> headers;
    for (const auto& entry : fs::directory_iterator(kInclude / folder)) {
        if (entry.path().extension() == ending) {
            headers.push_back(fs::relative(entry.path(), kInclude));
        }
    }
    REQUIRE(!headers.empty());
    return headers;
}

/// A file that includes nothing else must be enough.
void checkAlone(const std::string& compiler, const std::string& language,
                const std::string& standard, const fs::path& header) {
    const Scratch scratch;
    const auto source = scratch.write("alone.c", "#include <" + header.string() + ">\n");
    const Finished finished =
        runCommand({compiler, "-x", language, "-std=" + standard, "-pedantic", "-Wall", "-Wextra",
                    "-Werror", "-fsyntax-only", "-I", kInclude, source});
    INFO(compiler << " " << standard << " " << header << "\n" << finished.output);
    CHECK(finished.ok());
}

}  // namespace

TEST_CASE("each header of the line stands alone in C11, C++17 and C++20") {
    for (const fs::path& header : headersOf("totem/abi", ".h")) {
        for (const std::string& compiler : cCompilers()) checkAlone(compiler, "c", "c11", header);
        for (const std::string& compiler : cxxCompilers()) {
            checkAlone(compiler, "c++", "c++17", header);
            checkAlone(compiler, "c++", "c++20", header);
        }
    }
}

TEST_CASE("each header of the SDK stands alone, in C++17 but for the drafts' coroutines") {
    for (const fs::path& header : headersOf("totem/draft", ".hpp")) {
        checkAlone(TOTEM_CXX, "c++", "c++20", header);
    }
    for (const std::string folder : {"totem", "totem/testing"}) {
        for (const fs::path& header : headersOf(folder, ".hpp")) {
            // Needs libseccomp, which only plugins with a locked-down worker have.
            if (header.filename() == "worker_sandbox.hpp") continue;
            checkAlone(cxxCompilers().back(), "c++", "c++17", header);
        }
    }
}
