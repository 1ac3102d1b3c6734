#include "plugin/schema_validator.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace totemd {

struct SchemaValidator::Compiled {
    valijson::Schema schema;
};

SchemaValidator::SchemaValidator(const std::string& text)
    : compiled_(std::make_unique<Compiled>()) {
    try {
        const nlohmann::json json = nlohmann::json::parse(text);
        valijson::SchemaParser parser;
        parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(json), compiled_->schema);
    } catch (const std::exception& error) {
        throw std::invalid_argument(std::string("not a usable JSON Schema: ") + error.what());
    }
}

SchemaValidator::~SchemaValidator() = default;

std::string SchemaValidator::check(std::string_view text) const {
    const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object()) return "expected a JSON object";
    valijson::Validator validator;
    valijson::ValidationResults results;
    if (validator.validate(compiled_->schema, valijson::adapters::NlohmannJsonAdapter(json),
                           &results))
        return {};
    std::string problems;
    valijson::ValidationResults::Error error;
    while (results.popError(error)) {
        if (!problems.empty()) problems += "; ";
        for (const std::string& part : error.context) problems += part;
        problems += ": " + error.description;
    }
    return problems;
}

}  // namespace totemd
