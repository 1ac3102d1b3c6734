#include "settings.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace fnb {
namespace {

using Json = nlohmann::json;

/// Takes members that are there; the others keep their defaults.
class Reader {
public:
    Reader(const Json& object, std::string place) : object_(object), place_(std::move(place)) {}
    template <typename T>
    void read(const char* name, T& value) const {
        const auto found = object_.find(name);
        if (found == object_.end()) return;
        try {
            found->get_to(value);
        } catch (const Json::exception&) {
            throw std::runtime_error(place_ + name + ": not of the type that schema.json wants");
        }
    }
    Reader section(const char* name) const {
        static const Json kNone = Json::object();
        const auto found = object_.find(name);
        return {found == object_.end() ? kNone : *found, place_ + name + "."};
    }

private:
    const Json& object_;
    std::string place_;
};

void requireHttpUrl(const char* name, const std::string& url) {
    if (url.rfind("http://", 0) == 0 || url.rfind("https://", 0) == 0) return;
    throw std::runtime_error(std::string(name) + ": expected http://… or https://…, found \"" +
                             url + "\"");
}

void readGaso(const Reader& from, Settings::Gaso& gaso) {
    from.read("url", gaso.url);
    from.read("resource_key", gaso.resourceKey);
    from.read("dataset_id", gaso.datasetId);
    from.read("report_id", gaso.reportId);
    from.read("model_id", gaso.modelId);
    from.read("timeout_s", gaso.timeoutS);
    from.read("visual_ids", gaso.visualIds);
    if (gaso.url.empty()) return;
    requireHttpUrl("gaso.url", gaso.url);
    if (gaso.resourceKey.empty()) {
        throw std::runtime_error("gaso.resource_key: needed when gaso.url is set");
    }
}

void readMessages(const Reader& from, MessageTemplates& messages) {
    from.read("offer", messages.offer);
    from.read("no_credit", messages.noCredit);
    from.read("not_found", messages.notFound);
    from.read("technical", messages.technical);
}

}  // namespace

Settings readSettings(std::string_view json) {
    const Json document = Json::parse(json);
    const Reader root(document, "");
    Settings settings;
    root.read("base_url", settings.baseUrl);
    root.read("username", settings.username);
    root.read("password", settings.password);
    root.read("session_ttl_s", settings.sessionTtlS);
    root.read("login_timeout_s", settings.loginTimeoutS);
    root.read("timeout_s", settings.timeoutS);
    root.read("result_cache_s", settings.resultCacheS);
    root.read("not_found_cache_s", settings.notFoundCacheS);
    root.read("max_lookups_per_session", settings.maxLookupsPerSession);
    root.read("concurrency", settings.concurrency);
    root.read("queue", settings.queue);
    root.read("rate_limit_per_s", settings.ratePerSecond);
    root.read("backoff_s", settings.backOffS);
    root.read("support_phone", settings.messages.supportPhone);
    const Reader paths = root.section("paths");
    paths.read("login", settings.paths.login);
    paths.read("lookup", settings.paths.lookUp);
    paths.read("login_page", settings.paths.loginPage);
    paths.read("lookup_page", settings.paths.lookUpPage);
    readGaso(root.section("gaso"), settings.gaso);
    readMessages(root.section("messages"), settings.messages);

    while (!settings.baseUrl.empty() && settings.baseUrl.back() == '/') settings.baseUrl.pop_back();
    requireHttpUrl("base_url", settings.baseUrl);
    if (settings.username.empty()) throw std::runtime_error("username: must not be empty");
    return settings;
}

}  // namespace fnb
