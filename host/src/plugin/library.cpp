#include "plugin/library.hpp"

#include <dlfcn.h>

#include <boost/dll/shared_library.hpp>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>

namespace totemd {
namespace {

/// Never destroyed: closing at exit would unmap code that detached threads may still run.
std::map<std::filesystem::path, boost::dll::shared_library>& openLibraries() {
    static auto* libraries = new std::map<std::filesystem::path, boost::dll::shared_library>();
    return *libraries;
}

std::string hint(const std::string& reason) {
    if (reason.find("undefined symbol") != std::string::npos) {
        return "; build the plugin against the installed SDK and link everything it uses";
    }
    if (reason.find("wrong ELF class") != std::string::npos ||
        reason.find("invalid ELF header") != std::string::npos ||
        reason.find("file too short") != std::string::npos) {
        return "; it is no shared object for this machine: build it here with totem_add_plugin()";
    }
    if (reason.find("cannot open shared object file") != std::string::npos) {
        return "; install the package that holds the missing library (`ldd` on the file names it)";
    }
    return {};
}

}  // namespace

const totem_descriptor* openLibrary(const std::filesystem::path& file) {
    static std::mutex mutex;
    std::lock_guard lock(mutex);
    auto& libraries = openLibraries();
    auto found = libraries.find(file);
    if (found == libraries.end()) {
        boost::dll::shared_library library;
        boost::dll::fs::error_code error;
        library.load(file.string(), error,
                     boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
        if (error) {
            const char* said =
                dlerror();  // names the file or symbol, which the error code does not
            const std::string reason = said == nullptr ? error.message() : said;
            throw std::runtime_error(file.string() + ": cannot be loaded: " + reason +
                                     hint(reason));
        }
        if (!library.has("totem_plugin_entry")) {
            throw std::runtime_error(
                file.string() +
                ": exports no totem_plugin_entry, so it is not a Totem plugin; "
                "end one source with TOTEM_PLUGIN(YourClass);");
        }
        found = libraries.emplace(file, std::move(library)).first;
    }
    const auto* descriptor = found->second.get<const totem_descriptor*()>("totem_plugin_entry")();
    if (descriptor == nullptr || descriptor->abi_major != TOTEM_ABI_MAJOR) {
        throw std::runtime_error(file.string() + ": built for ABI " +
                                 (descriptor == nullptr ? std::string("unknown")
                                                        : std::to_string(descriptor->abi_major)) +
                                 ", this daemon speaks " + std::to_string(TOTEM_ABI_MAJOR) +
                                 "; rebuild the plugin against the SDK of this daemon");
    }
    if (!TOTEM_HAS(descriptor, create)) {
        throw std::runtime_error(
            file.string() + ": its descriptor has no create function; rebuild it against the SDK");
    }
    return descriptor;
}

}  // namespace totemd
