// Any bytes as the configuration: never a crash, and either a configuration or a reason.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "config/document.hpp"
#include "config/sections.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    static const std::vector<totemd::ConfigSection> kSections = totemd::configSections();
    std::vector<totemd::ConfigProblem> problems;
    const std::string text(reinterpret_cast<const char*>(data), size);
    auto document = totemd::parseConfigDocument("fuzz", text, problems);
    if (!document) {
        if (problems.empty()) std::abort();
        return 0;
    }
    for (const totemd::ConfigSection& section : kSections) {
        if (!document->root.is_object() || !document->root.contains(section.name)) continue;
        nlohmann::json value = document->root[section.name];
        static_cast<void>(section.schema.check(value));
        section.schema.fillDefaults(value);
    }
    totemd::ConfigDocument merged = *document;
    totemd::mergeDocument(merged, *document);
    if (merged.root != document->root) std::abort();
    if (totemd::describe(problems).find('\0') != std::string::npos) std::abort();
    return 0;
}
