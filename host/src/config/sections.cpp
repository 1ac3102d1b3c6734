#include "config/sections.hpp"

#include "config/embedded_schemas.hpp"

namespace totemd {

std::vector<ConfigSection> configSections() {
    std::vector<ConfigSection> sections;
    for (const auto& [name, text] : kEmbeddedSchemas) sections.push_back({name, Schema(text)});
    return sections;
}

}  // namespace totemd
