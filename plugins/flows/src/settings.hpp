#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace totem::flows {

/// A secret that stands behind a credential of an exported workflow (which carries only an id).
struct Credential {
    enum class Kind { kHeader, kBearer, kBasic, kQuery };
    Kind kind = Kind::kHeader;
    std::string name, value;  ///< header or query parameter; bearer: value alone
    std::string user, password;
};

/// The plugin's configuration (schema.json), with defaults.
struct Settings {
    enum class Keep { kNone, kErrors, kAll };

    std::string directory = "/etc/totemd/flows";
    std::string timezone = "America/Lima";
    std::map<std::string, std::string> env;
    std::map<std::string, Credential> credentials;  ///< by id or by name
    std::vector<std::string> repeatable{"*/query", "*/query/*"};
    Keep keep = Keep::kErrors;
    std::int64_t keepNs = 7LL * 86'400 * 1'000'000'000;
    std::int64_t maxRunNs = 300LL * 1'000'000'000;
    std::int64_t maxCodeMs = 5'000;
    std::vector<std::string>
        testFrom;  ///< networks besides this machine that may use /webhook-test/

    /// True when a POST to this URL is a look-up that may be sent twice.
    bool isRepeatable(std::string_view url) const;
};

/// `json` fits the schema.
Settings parseSettings(std::string_view json);

}  // namespace totem::flows
