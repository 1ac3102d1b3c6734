// Any bytes as plugin.json: a manifest, or an error that says what is wrong.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "parts.hpp"
#include "plugin/manifest.hpp"

namespace {

/// A folder of its own for each process: fuzzers run side by side.
struct Folder {
    std::filesystem::path path;
    Folder() {
        std::string name = std::filesystem::temp_directory_path() / "totem-fuzz-XXXXXX";
        if (mkdtemp(name.data()) == nullptr) std::abort();
        path = name;
    }
    ~Folder() { std::filesystem::remove_all(path); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Folder folder;
    std::ofstream(folder.path / "plugin.json", std::ios::binary) << bytesOf(data, size);
    try {
        const totemd::Manifest manifest = totemd::readManifest(folder.path);
        if (manifest.id.empty()) std::abort();
        for (const totemd::Manifest::Worker& worker : manifest.workers) {
            if (!worker.program.is_absolute()) std::abort();
        }
    } catch (const std::runtime_error& error) {
        if (std::string(error.what()).find("plugin.json") == std::string::npos) std::abort();
    }
    return 0;
}
