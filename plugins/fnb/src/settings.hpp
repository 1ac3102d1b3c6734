#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "messages.hpp"

namespace fnb {

constexpr std::int64_t kSecond = 1'000'000'000;  ///< in the nanoseconds of the host

/// The plugin's configuration (schema.json says what each member means), defaults filled in.
struct Settings {
    std::string baseUrl = "https://appweb.calidda.com.pe";  ///< without a slash at the end
    std::string username, password;
    std::int64_t sessionTtlS = 3600;
    std::int64_t loginTimeoutS = 15;
    std::int64_t timeoutS = 20;
    std::int64_t resultCacheS = 60;
    std::int64_t notFoundCacheS = 30;
    std::uint32_t maxLookupsPerSession = 50;  ///< 0: no limit
    std::uint32_t concurrency = 32;
    std::uint32_t queue = 1000;
    std::uint32_t ratePerSecond = 0;  ///< 0: no limit
    std::int64_t backOffS = 10;       ///< after a 429 without Retry-After

    struct Paths {
        std::string login = "/FNB_Services/api/Seguridad/autenticar";
        std::string lookUp = "/FNB_Services/api/financiamiento/lineaCredito";
        std::string loginPage = "/WebFNB/login";
        std::string lookUpPage = "/WebFNB/consulta-credito";
    } paths;

    struct Gaso {
        std::string url;  ///< empty: there is no GASO
        std::string resourceKey, datasetId, reportId;
        std::int64_t modelId = 0;
        std::int64_t timeoutS = 8;
        std::map<std::string, std::string> visualIds;  ///< measure → visual
    } gaso;

    MessageTemplates messages;
};

/// `json` fits schema.json. Throws std::runtime_error with member and reason.
Settings readSettings(std::string_view json);

}  // namespace fnb
