#define VALIJSON_USE_EXCEPTIONS 1
#include "config/schema.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <stdexcept>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "config/document.hpp"
#include "config/schema_explain.hpp"
#include "config/schema_walk.hpp"

namespace totemd {

using nlohmann::json;

struct Schema::Compiled {
    json text;
    valijson::Schema schema;
};

namespace {

/// valijson says where as "<root>", "[key]", "[0]".
std::string pointerOf(const std::vector<std::string>& context) {
    std::string pointer;
    for (std::size_t i = 1; i < context.size(); ++i) {
        const std::string& part = context[i];
        pointer = childPointer(pointer, part.size() >= 2 ? part.substr(1, part.size() - 2) : part);
    }
    return pointer;
}

bool isBelow(const std::string& pointer, const std::string& parent) {
    return pointer.starts_with(parent + "/");
}

/// True for errors that only say "something inside is wrong".
bool repeatsOthers(const std::string& description) {
    for (const char* start :
         {"Failed to validate against additional properties schema", "Failed to validate item #",
          "Failed to validate against a conditional schema", "Failed to validate against child",
          "Failed to validate against schema associated"})
        if (description.starts_with(start)) return true;
    return false;
}

bool isNoAlternative(const std::string& description) {
    return description.find("allowed by anyOf") != std::string::npos ||
           description.find("allowed by oneOf") != std::string::npos;
}

/// Of the errors of all alternatives, keeps those that lie deeper: the alternative that was meant
/// got furthest. Without any, the value is of no allowed kind and one error says so.
void foldAlternatives(std::vector<SchemaError>& errors, const std::string& pointer) {
    const bool deeper = std::any_of(errors.begin(), errors.end(), [&](const SchemaError& error) {
        return isBelow(error.pointer, pointer);
    });
    std::erase_if(errors, [&](const SchemaError& error) { return error.pointer == pointer; });
    if (!deeper) errors.push_back({pointer, "Value type not permitted by any alternative."});
}

std::vector<SchemaError> collect(const valijson::Schema& schema, const json& value) {
    valijson::ValidationResults results;
    valijson::Validator validator;
    const valijson::adapters::NlohmannJsonAdapter target(value);
    std::vector<SchemaError> errors;
    if (validator.validate(schema, target, &results)) return errors;
    for (const auto& error : results) {
        const std::string pointer = pointerOf(error.context);
        if (isNoAlternative(error.description)) {
            foldAlternatives(errors, pointer);
        } else if (!repeatsOthers(error.description)) {
            errors.push_back({pointer, error.description});
        }
    }
    if (errors.empty()) errors.push_back({"", "Does not match the schema."});
    return errors;
}

/// Patterns are compiled when first used; a bad one shall be found before.
void checkPatterns(const json& schema) {
    if (schema.is_object()) {
        if (auto one = schema.find("pattern"); one != schema.end() && one->is_string())
            static_cast<void>(std::regex(one->get<std::string>()));
        if (auto list = schema.find("patternProperties"); list != schema.end())
            for (const auto& [pattern, child] : list->items())
                static_cast<void>(std::regex(pattern));
    }
    if (schema.is_structured())
        for (const json& child : schema) checkPatterns(child);
}

void fill(const json& schema, const SchemaNodes& nodes, json& value) {
    if (value.is_array()) {
        for (std::size_t i = 0; i < value.size(); ++i)
            fill(schema, schemaChildren(schema, nodes, std::to_string(i), true), value[i]);
        return;
    }
    if (!value.is_object()) return;
    for (const json* node : nodes) {
        auto properties = node->find("properties");
        if (properties == node->end()) continue;
        for (const auto& [key, child] : properties->items())
            if (child.is_object() && child.contains("default") && !value.contains(key))
                value[key] = child["default"];
    }
    for (const auto& [key, child] : value.items())
        fill(schema, schemaChildren(schema, nodes, key, false), child);
}

}  // namespace

Schema::Schema(const std::string& text) : compiled_(std::make_unique<Compiled>()) {
    try {
        compiled_->text = json::parse(text);
        valijson::SchemaParser parser;
        parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(compiled_->text),
                              compiled_->schema);
        checkPatterns(compiled_->text);
    } catch (const std::exception& error) {
        throw std::invalid_argument(std::string("not a usable JSON Schema: ") + error.what());
    }
}

Schema::~Schema() = default;
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;

std::vector<SchemaProblem> Schema::check(const json& value, const Disguise& disguise) const {
    std::vector<SchemaProblem> problems;
    for (const SchemaError& error : collect(compiled_->schema, value)) {
        for (SchemaProblem& problem : explain(compiled_->text, value, error, disguise))
            if (std::find(problems.begin(), problems.end(), problem) == problems.end())
                problems.push_back(std::move(problem));
    }
    std::stable_sort(problems.begin(), problems.end(),
                     [](const auto& a, const auto& b) { return a.pointer < b.pointer; });
    return problems;
}

json Schema::defaultValue() const {
    return compiled_->text.value("default", json::object());
}

void Schema::fillDefaults(json& value) const {
    fill(compiled_->text, schemaBranches(compiled_->text, compiled_->text), value);
}

bool Schema::isWriteOnly(const json& value, const std::string& pointer) const {
    const SchemaNodes nodes = schemaNodesAt(compiled_->text, pointerTokens(pointer), value);
    return std::any_of(nodes.begin(), nodes.end(), [](const json* node) {
        return node->value("writeOnly", json(false)) == true;
    });
}

bool looksSecret(const std::string& key) {
    for (const char* part : {"token", "password", "secret", "api_key", "jwt_key", "private_key"})
        if (key.find(part) != std::string::npos) return true;
    return false;
}

}  // namespace totemd
