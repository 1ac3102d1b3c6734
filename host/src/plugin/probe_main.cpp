// totem-probe FOLDER: opens the plugin in FOLDER and compares its entry with its manifest.
// Started by the daemon before it opens the plugin itself; see probe.hpp.

#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "plugin/library.hpp"
#include "plugin/manifest.hpp"
#include "plugin/probe.hpp"
#include "totem/body.hpp"

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: totem-probe FOLDER\n");
        return 2;
    }
    try {
        const totemd::Manifest manifest = totemd::readManifest(argv[1]);
        const totem_descriptor* found = totemd::openLibrary(manifest.library);
        if (totem::view(found->manifest_json) != manifest.text) {
            std::fprintf(stderr,
                         "%s: was built from another plugin.json (%.*s %.*s) than the one beside "
                         "it (%s %s); install both from one build\n",
                         manifest.library.c_str(), static_cast<int>(found->id.len), found->id.ptr,
                         static_cast<int>(found->version.len), found->version.ptr,
                         manifest.id.c_str(), manifest.version.c_str());
            _exit(totemd::kProbeRefuses);
        }
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        _exit(totemd::kProbeRefuses);
    }
    // Not exit(): the library's destructors have no say in this.
    _exit(totemd::kProbeAgrees);
}
