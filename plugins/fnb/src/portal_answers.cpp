#include "portal_answers.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "amount.hpp"
#include "encoding.hpp"

namespace fnb {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestToken = 8192;

const Json* member(const Json& object, const char* name) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(name);
    return found == object.end() ? nullptr : &*found;
}

std::string textOf(const Json* value) {
    if (value == nullptr) return {};
    if (value->is_string()) return value->get<std::string>();
    if (value->is_number_integer()) return value->dump();
    return {};
}

double numberOf(const Json* value) {
    if (value == nullptr) return 0;
    if (value->is_number()) return value->get<double>();
    if (value->is_string()) return readAmount(value->get_ref<const std::string&>()).value_or(0);
    return 0;
}

std::optional<bool> flagOf(const Json* value) {
    if (value == nullptr || !value->is_boolean()) return std::nullopt;
    return value->get<bool>();
}

bool isTokenCharacter(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.' || c == '=' || c == '+' || c == '/';
}

}  // namespace

std::optional<TokenClaims> readToken(std::string_view token) {
    if (token.empty() || token.size() > kLongestToken) return std::nullopt;
    if (!std::all_of(token.begin(), token.end(), isTokenCharacter)) return std::nullopt;
    const std::size_t first = token.find('.');
    if (first == std::string_view::npos) return std::nullopt;
    const std::string_view rest = token.substr(first + 1);
    const auto payload = decodeBase64Url(rest.substr(0, rest.find('.')));
    if (!payload) return std::nullopt;
    const Json json = Json::parse(*payload, nullptr, false);
    TokenClaims claims;
    claims.allyId = textOf(member(json, "commercialAllyId"));
    if (claims.allyId.empty()) return std::nullopt;
    const Json* exp = member(json, "exp");
    if (exp != nullptr && exp->is_number()) {
        const double seconds = exp->get<double>();
        if (seconds > 0 && seconds < 1e11) claims.exp = static_cast<std::int64_t>(seconds);
    }
    return claims;
}

std::string loginBody(const Settings& settings) {
    const Json body{{"usuario", settings.username},
                    {"password", settings.password},
                    {"captcha", "exitoso"},
                    {"Latitud", ""},
                    {"Longitud", ""}};
    return body.dump();
}

LoginAnswer readLogin(int status, std::string_view body) {
    LoginAnswer answer;
    if (status == 401 || status == 403) answer.kind = LoginAnswer::Kind::kRefused;
    if (status != 200) return answer;
    const Json json = Json::parse(body, nullptr, false);
    const auto valid = flagOf(member(json, "valid"));
    if (!valid) return answer;
    if (!*valid) {
        answer.kind = LoginAnswer::Kind::kRefused;
        return answer;
    }
    const Json* data = member(json, "data");
    if (data != nullptr) answer.token = textOf(member(*data, "authToken"));
    if (!answer.token.empty()) answer.kind = LoginAnswer::Kind::kToken;
    return answer;
}

Outcome readLookUp(std::string_view body) {
    const Json json = Json::parse(body, nullptr, false);
    const auto valid = flagOf(member(json, "valid"));
    if (!valid) {
        return failedOutcome(Channel::kFnb,
                             "fnb_bad_answer: el portal FNB respondió algo ilegible");
    }
    Outcome outcome;
    outcome.channel = Channel::kFnb;
    if (!*valid) {
        outcome.kind = Outcome::Kind::kNotFound;
        return outcome;
    }
    const Json* found = member(json, "data");
    if (found == nullptr || !found->is_object()) {
        return failedOutcome(Channel::kFnb, "fnb_no_data: el portal FNB respondió sin datos");
    }
    Json data = *found;
    outcome.kind = Outcome::Kind::kFound;
    outcome.name = textOf(member(data, "nombre"));
    outcome.creditLine = numberOf(member(data, "lineaCredito"));
    outcome.hasOffer =
        outcome.creditLine > 0 && flagOf(member(data, "tieneLineaCredito")).value_or(true);
    data["nombre"] = outcome.name;
    data["saldo"] = outcome.creditLine;
    data["segmento"] = channelName(Channel::kFnb);
    outcome.data = data.dump();
    return outcome;
}

std::string storedSessionText(const StoredSession& session) {
    return Json{{"token", session.token}, {"timestamp", session.loggedInAt}}.dump();
}

std::optional<StoredSession> readStoredSession(std::string_view text) {
    const Json json = Json::parse(text, nullptr, false);
    StoredSession session;
    session.token = textOf(member(json, "token"));
    const double timestamp = numberOf(member(json, "timestamp"));
    if (session.token.empty() || !(timestamp > 0 && timestamp < 1e11)) return std::nullopt;
    session.loggedInAt = static_cast<std::int64_t>(timestamp);
    return session;
}

std::string outcomeText(const Outcome& outcome) {
    Json json{{"found", outcome.kind == Outcome::Kind::kFound}};
    if (outcome.kind == Outcome::Kind::kFound) {
        json["offer"] = outcome.hasOffer;
        json["line"] = outcome.creditLine;
        json["name"] = outcome.name;
        json["data"] = outcome.data;
    }
    return json.dump();
}

std::optional<Outcome> readOutcome(std::string_view text, Channel channel) {
    const Json json = Json::parse(text, nullptr, false);
    const auto found = flagOf(member(json, "found"));
    if (!found) return std::nullopt;
    Outcome outcome;
    outcome.channel = channel;
    outcome.kind = *found ? Outcome::Kind::kFound : Outcome::Kind::kNotFound;
    if (!*found) return outcome;
    outcome.hasOffer = flagOf(member(json, "offer")).value_or(false);
    outcome.creditLine = numberOf(member(json, "line"));
    outcome.name = textOf(member(json, "name"));
    outcome.data = textOf(member(json, "data"));
    if (!Json::accept(outcome.data)) return std::nullopt;
    return outcome;
}

}  // namespace fnb
