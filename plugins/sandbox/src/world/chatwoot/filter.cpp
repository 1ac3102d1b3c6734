#include "world/chatwoot/filter.hpp"

#include "world/chatwoot/desk.hpp"

#include <algorithm>
#include <set>

namespace totem_sandbox::chatwoot {
namespace {

using nlohmann::json;

const std::set<std::string> kOperators = {
    "equal_to",   "not_equal_to",   "contains",        "does_not_contain", "starts_with",
    "is_present", "is_not_present", "is_greater_than", "is_less_than",     "days_before"};

[[noreturn]] void refuse(const std::string& why) {
    throw ApiError(422, {{"error", why}});
}

std::string textOf(const json& value) {
    if (value.is_string()) return value;
    return value.is_null() ? "" : value.dump();
}

bool contains(const json& row, const std::string& part) {
    if (row.is_array())
        return std::any_of(row.begin(), row.end(),
                           [&](const json& v) { return textOf(v) == part; });
    return textOf(row).find(part) != std::string::npos;
}

}  // namespace

Filter::Filter(const json& body, std::vector<std::string> keys) {
    if (!body.contains("payload") || !body["payload"].is_array() || body["payload"].empty())
        refuse("Invalid query. The payload is missing");
    for (const json& item : body["payload"]) {
        Condition c;
        if (!item.is_object()) refuse("Invalid query. A condition must be an object");
        c.key = textOf(item.value("attribute_key", json()));
        c.op = textOf(item.value("filter_operator", json()));
        c.join = textOf(item.value("query_operator", json()));
        if (std::find(keys.begin(), keys.end(), c.key) == keys.end())
            refuse("Invalid attribute key - [" + c.key +
                   "]. The key should be one of the known "
                   "attributes or a custom attribute defined in the account.");
        if (!kOperators.count(c.op))
            refuse("Invalid operator. The operator " + c.op + " is unknown");
        const json values = item.value("values", json::array());
        for (const json& v : values.is_array() ? values : json::array({values}))
            c.values.push_back(textOf(v));
        const bool bare = c.op == "is_present" || c.op == "is_not_present";
        if (c.values.empty() && !bare) refuse("Invalid value. The values are missing");
        conditions_.push_back(c);
    }
    for (std::size_t i = 0; i < conditions_.size(); ++i) {
        const bool last = i + 1 == conditions_.size();
        const std::string& join = conditions_[i].join;
        if (!last && join != "AND" && join != "OR" && join != "and" && join != "or")
            refuse("Query operator must be either \"AND\" or \"OR\".");
        if (last && !join.empty()) refuse("Query operator of the last condition must be null");
    }
}

std::string Filter::onlyEqual(const std::string& key) const {
    if (conditions_.size() != 1) return {};
    const Condition& c = conditions_[0];
    return c.key == key && c.op == "equal_to" && c.values.size() == 1 ? c.values[0] : "";
}

bool Filter::holds(const Condition& c, const json& row) {
    const json value = row.contains(c.key) ? row[c.key] : json();
    const bool present = !(value.is_null() || (value.is_array() && value.empty()));
    if (c.op == "is_present") return present;
    if (c.op == "is_not_present") return !present;
    const auto any = [&](auto test) { return std::any_of(c.values.begin(), c.values.end(), test); };
    const auto equal = [&](const std::string& v) {
        if (value.is_array()) return contains(value, v);
        // The server adds the plus to a phone number that lacks it.
        return textOf(value) == v || (c.key == "phone_number" && textOf(value) == "+" + v);
    };
    if (c.op == "equal_to") return any(equal);
    if (c.op == "not_equal_to") return !any(equal);
    if (c.op == "contains") return any([&](const std::string& v) { return contains(value, v); });
    if (c.op == "does_not_contain")
        return !any([&](const std::string& v) { return contains(value, v); });
    if (c.op == "starts_with")
        return any([&](const std::string& v) { return textOf(value).rfind(v, 0) == 0; });
    const double number = value.is_number() ? value.get<double>() : 0;
    const double limit = std::atof(c.values[0].c_str());
    return c.op == "is_greater_than" ? number > limit : number < limit;
}

bool Filter::matches(const json& row) const {
    bool result = holds(conditions_[0], row);
    for (std::size_t i = 1; i < conditions_.size(); ++i) {
        const bool next = holds(conditions_[i], row);
        const std::string& join = conditions_[i - 1].join;
        result = join == "OR" || join == "or" ? result || next : result && next;
    }
    return result;
}

}  // namespace totem_sandbox::chatwoot
