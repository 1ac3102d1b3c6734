#include "script_library.hpp"

#include <stdexcept>
#include <string>

namespace totem::flows {

std::string_view embeddedScript(std::string_view path) {
    for (const EmbeddedScript& script : embeddedScripts()) {
        if (script.path == path) return script.text();
    }
    throw std::logic_error("no embedded script " + std::string(path));
}

}  // namespace totem::flows
