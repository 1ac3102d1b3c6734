#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace totem_sandbox::chatwoot {

/// The body of the two filter calls: conditions joined by AND and OR.
class Filter {
public:
    /// Throws ApiError 422 as Chatwoot does when a condition is malformed or its key unknown.
    Filter(const nlohmann::json& body, std::vector<std::string> keys);

    bool matches(const nlohmann::json& row) const;

    /// The value when the filter is just `key equal_to value`, else "".
    std::string onlyEqual(const std::string& key) const;

private:
    struct Condition {
        std::string key, op, join;
        std::vector<std::string> values;
    };
    static bool holds(const Condition& condition, const nlohmann::json& row);
    std::vector<Condition> conditions_;
};

}  // namespace totem_sandbox::chatwoot
