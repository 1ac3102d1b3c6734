#include "settings.hpp"

#include <totem/json.hpp>

namespace totem::chatwoot {
namespace {

Account accountOf(const Json& json) {
    Account account;
    account.baseUrl = json.value("base_url", "");
    while (!account.baseUrl.empty() && account.baseUrl.back() == '/') account.baseUrl.pop_back();
    account.id = json.value("account_id", std::int64_t{1});
    account.userToken = json.value("api_access_token", "");
    account.botToken = json.value("bot_token", "");
    account.pathSecret = json.value("path_secret", "");
    const Json secrets = json.value("webhook_secret", Json::array());
    if (secrets.is_string()) account.secrets.push_back(secrets.get<std::string>());
    if (secrets.is_array()) account.secrets = secrets.get<std::vector<std::string>>();
    std::erase(account.secrets, std::string());  // it would let everybody in
    const std::string when =
        json.value("reply_when", account.botToken.empty() ? "unassigned" : "pending");
    if (when == "pending") account.replyWhen = ReplyWhen::kPending;
    if (when == "always") account.replyWhen = ReplyWhen::kAlways;
    return account;
}

}  // namespace

const Account* Settings::account(std::int64_t id) const {
    for (const Account& account : accounts) {
        if (id == 0 || account.id == id) return &account;
    }
    return nullptr;
}

bool Settings::hasSecret() const {
    for (const Account& account : accounts) {
        if (!account.secrets.empty() || !account.pathSecret.empty()) return true;
    }
    return false;
}

Settings parseSettings(std::string_view text) {
    const Json json = parseJson(text);
    Settings settings;
    if (json.contains("base_url")) settings.accounts.push_back(accountOf(json));
    for (const Json& entry : json.value("accounts", Json::array()))
        settings.accounts.push_back(accountOf(entry));
    settings.replayWindowS = json.value("replay_window_s", settings.replayWindowS);
    settings.allowUnauthenticatedFrom =
        json.value("allow_unauthenticated_from", settings.allowUnauthenticatedFrom);
    settings.timeoutNs = json.value("timeout_s", std::int64_t{30}) * 1'000'000'000;
    return settings;
}

}  // namespace totem::chatwoot
