#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "config/schema.hpp"

namespace totemd {

/// What the validator said, before it is put into words. Internal to this room.
struct SchemaError {
    std::string pointer;
    std::string description;
};

/// Puts one error into words that name what was expected and what was found; one error about
/// unknown keys becomes one problem for each of them.
std::vector<SchemaProblem> explain(const nlohmann::json& schema, const nlohmann::json& value,
                                   const SchemaError& error, const Schema::Disguise& disguise);

/// A value for people: text quoted and shortened, objects and arrays by their kind.
std::string shownValue(const nlohmann::json& value);

}  // namespace totemd
