#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace totemd {

/// One way in which a value breaks a schema.
struct SchemaProblem {
    std::string pointer;     ///< of the offending value, or of the key that is unknown or missing
    bool atKey = false;      ///< the key is what is wrong, not the value
    std::string message;     ///< "expected integer, got \"5s\""
    std::string suggestion;  ///< nearest known name; empty: none
    bool operator==(const SchemaProblem&) const = default;
};

/// A JSON Schema (draft 7, references only within itself) that explains itself.
///
/// Threads: a const Schema may be used from one thread at a time.
class Schema {
public:
    /// Throws std::invalid_argument that says what is wrong with the schema.
    explicit Schema(const std::string& text);
    ~Schema();
    Schema(Schema&&) noexcept;
    Schema& operator=(Schema&&) noexcept;

    /// Says for a pointer what may be shown instead of the value; empty: the value may be shown.
    using Disguise = std::function<std::string(const std::string& pointer)>;

    /// All problems of `value`, sorted by pointer; empty: it is valid.
    std::vector<SchemaProblem> check(const nlohmann::json& value,
                                     const Disguise& disguise = {}) const;

    /// Adds what `default` says for absent members, also inside of objects and arrays.
    void fillDefaults(nlohmann::json& value) const;

    /// What stands for an absent value: the schema's own `default`, else an empty object.
    nlohmann::json defaultValue() const;

    /// True when the schema says `writeOnly` there: a secret, whatever its name.
    bool isWriteOnly(const nlohmann::json& value, const std::string& pointer) const;

private:
    struct Compiled;
    std::unique_ptr<Compiled> compiled_;
};

/// True for key names that hold secrets: token, password, secret, …key.
bool looksSecret(const std::string& key);

}  // namespace totemd
