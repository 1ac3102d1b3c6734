#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace totemd {

/// A compiled JSON Schema (valijson). Threads: `check` from anywhere.
class SchemaValidator {
public:
    /// Throws std::invalid_argument when the text is no usable schema.
    explicit SchemaValidator(const std::string& schema);
    ~SchemaValidator();

    /// Empty when `json` is an object that fits; else what does not, with its place.
    std::string check(std::string_view json) const;

private:
    struct Compiled;
    std::unique_ptr<Compiled> compiled_;
};

}  // namespace totemd
