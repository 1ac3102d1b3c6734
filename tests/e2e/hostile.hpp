#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

/// What tests of the whole daemon send to every route.
namespace hostile {

/// Content type and body: cut off, nested, of the wrong encoding, of the wrong type.
std::vector<std::pair<std::string, std::string>> bodies();

/// `good` with each of its values in turn replaced by a value of every other kind, or taken away.
std::vector<nlohmann::json> wrongTypes(const nlohmann::json& good);

/// Name and bytes of requests that must be refused, and whose connection must then end: each would
/// be read as two by one of two servers in a row, or is no HTTP at all.
std::vector<std::pair<std::string, std::string>> requests(const std::string& method,
                                                          const std::string& path);

}  // namespace hostile
