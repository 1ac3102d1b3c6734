#include "config/schema_walk.hpp"

#include <algorithm>
#include <regex>

namespace totemd {

using nlohmann::json;

namespace {

void addBranches(const json& schema, const json& node, SchemaNodes& nodes) {
    if (!node.is_object() || std::find(nodes.begin(), nodes.end(), &node) != nodes.end()) return;
    nodes.push_back(&node);
    if (auto ref = node.find("$ref"); ref != node.end() && ref->is_string()) {
        const auto& text = ref->get_ref<const std::string&>();
        const bool local = text == "#" || text.starts_with("#/");
        const json::json_pointer target(local ? text.substr(1) : "");
        if (local && schema.contains(target)) addBranches(schema, schema.at(target), nodes);
    }
    for (const char* key : {"allOf", "anyOf", "oneOf"})
        if (auto list = node.find(key); list != node.end() && list->is_array())
            for (const json& branch : *list) addBranches(schema, branch, nodes);
    for (const char* key : {"then", "else"})
        if (auto branch = node.find(key); branch != node.end()) addBranches(schema, *branch, nodes);
}

void addMember(const json& schema, const json& node, const std::string& key, SchemaNodes& nodes) {
    bool matched = false;
    if (auto list = node.find("properties"); list != node.end() && list->contains(key)) {
        addBranches(schema, (*list)[key], nodes);
        matched = true;
    }
    if (auto list = node.find("patternProperties"); list != node.end() && list->is_object()) {
        for (const auto& [pattern, child] : list->items()) {
            if (!matchesPattern(pattern, key)) continue;
            addBranches(schema, child, nodes);
            matched = true;
        }
    }
    if (auto other = node.find("additionalProperties"); !matched && other != node.end())
        addBranches(schema, *other, nodes);
}

void addElement(const json& schema, const json& node, const std::string& index,
                SchemaNodes& nodes) {
    auto items = node.find("items");
    if (items == node.end()) return;
    if (items->is_object()) addBranches(schema, *items, nodes);
    const std::size_t at = std::strtoul(index.c_str(), nullptr, 10);
    if (items->is_array() && at < items->size()) addBranches(schema, (*items)[at], nodes);
}

}  // namespace

bool matchesPattern(const std::string& pattern, const std::string& key) {
    try {
        return std::regex_search(key, std::regex(pattern));
    } catch (const std::regex_error&) {
        return false;
    }
}

SchemaNodes schemaBranches(const json& schema, const json& node) {
    SchemaNodes nodes;
    addBranches(schema, node, nodes);
    return nodes;
}

SchemaNodes schemaChildren(const json& schema, const SchemaNodes& nodes, const std::string& token,
                           bool inArray) {
    SchemaNodes children;
    for (const json* node : nodes) {
        if (inArray) {
            addElement(schema, *node, token, children);
        } else {
            addMember(schema, *node, token, children);
        }
    }
    return children;
}

SchemaNodes schemaNodesAt(const json& schema, const std::vector<std::string>& tokens,
                          const json& value) {
    SchemaNodes nodes = schemaBranches(schema, schema);
    const json* at = &value;
    for (const std::string& token : tokens) {
        const bool inArray = at != nullptr && at->is_array();
        nodes = schemaChildren(schema, nodes, token, inArray);
        if (inArray) {
            const std::size_t index = std::strtoul(token.c_str(), nullptr, 10);
            at = index < at->size() ? &(*at)[index] : nullptr;
        } else {
            at = at != nullptr && at->is_object() && at->contains(token) ? &(*at)[token] : nullptr;
        }
    }
    return nodes;
}

}  // namespace totemd
