// What a person reads from `totemctl config check`: each folder of tests/golden/config with a
// totemd.json is one case. TOTEM_UPDATE_GOLDEN=1 writes expected.txt anew.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/loader.hpp"

namespace fs = std::filesystem;

namespace {

const fs::path kCases = TOTEM_GOLDEN_DIR;

std::string slurp(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

/// The folder of the cases stands as "CASES" in the golden files.
std::string withoutFolder(std::string text) {
    const std::string folder = kCases.string();
    for (std::size_t at = 0; (at = text.find(folder, at)) != std::string::npos;)
        text.replace(at, folder.size(), "CASES");
    return text;
}

totemd::ConfigSources knownSources() {
    totemd::ConfigSources sources;
    sources.environment = [](const std::string& name) -> std::optional<std::string> {
        if (name == "DESK_TOKEN") return "hunter2-from-the-environment";
        return std::nullopt;
    };
    sources.credentialsDirectory = (kCases / "credentials").string();
    return sources;
}

}  // namespace

TEST_CASE("config check reads as recorded for every case") {
    std::size_t cases = 0;
    for (const auto& entry : fs::directory_iterator(kCases)) {
        const fs::path file = entry.path() / "totemd.json";
        if (!fs::exists(file)) continue;
        ++cases;
        const totemd::ConfigCheck check = totemd::checkConfiguration(file, knownSources());
        const std::string text =
            withoutFolder(check.text) + "exit code " + std::to_string(check.exitCode) + "\n";
        INFO("case " << entry.path().filename());
        CHECK(text.find("hunter2") == std::string::npos);
        if (std::getenv("TOTEM_UPDATE_GOLDEN") != nullptr)
            std::ofstream(entry.path() / "expected.txt") << text;
        CHECK(text == slurp(entry.path() / "expected.txt"));
    }
    CHECK(cases > 20);
}
