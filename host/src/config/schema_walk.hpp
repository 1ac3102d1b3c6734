#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace totemd {

/// The parts of a schema that speak about one place of a value: the node itself, what `$ref`
/// points to, and every branch of allOf, anyOf, oneOf, if, then and else. Internal to this room.
using SchemaNodes = std::vector<const nlohmann::json*>;

SchemaNodes schemaNodesAt(const nlohmann::json& schema, const std::vector<std::string>& tokens,
                          const nlohmann::json& value);

/// The nodes for one member of an object or element of an array.
SchemaNodes schemaChildren(const nlohmann::json& schema, const SchemaNodes& nodes,
                           const std::string& token, bool inArray);

/// The node with the target of its `$ref` and its branches.
SchemaNodes schemaBranches(const nlohmann::json& schema, const nlohmann::json& node);

/// True when a pattern of `patternProperties` matches; a bad pattern matches nothing.
bool matchesPattern(const std::string& pattern, const std::string& key);

}  // namespace totemd
