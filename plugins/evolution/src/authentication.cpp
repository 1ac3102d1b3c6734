#include "authentication.hpp"

#include <Poco/Base64Decoder.h>
#include <Poco/Base64Encoder.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <totem/caller.hpp>

#include <array>
#include <cstdlib>
#include <iterator>
#include <sstream>

#include "reading.hpp"

namespace totem::evolution {
namespace {

constexpr std::size_t kMaxToken = 4096;

constexpr int kBase64Url = Poco::BASE64_URL_ENCODING | Poco::BASE64_NO_PADDING;

std::string signatureOf(std::string_view text, std::string_view key) {
    std::array<unsigned char, 32> digest{};
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), nullptr);
    std::ostringstream out;
    Poco::Base64Encoder encoder(out, kBase64Url);
    encoder.write(reinterpret_cast<const char*>(digest.data()),
                  static_cast<std::streamsize>(digest.size()));
    encoder.close();
    return out.str();
}

Json partOf(std::string_view base64) {
    std::istringstream in{std::string(base64)};
    Poco::Base64Decoder decoder(in, kBase64Url);
    decoder.exceptions(std::ios::goodbit);
    const std::string text{std::istreambuf_iterator<char>(decoder),
                           std::istreambuf_iterator<char>()};
    return nestsTooDeep(text) ? Json() : Json::parse(text, nullptr, false);
}

std::string_view bearerOf(const Request& request) {
    const std::string_view value = request.header("Authorization");
    constexpr std::string_view kScheme = "bearer ";
    if (value.size() <= kScheme.size()) return {};
    for (std::size_t i = 0; i < kScheme.size(); ++i) {
        if ((value[i] | 0x20) != kScheme[i]) return {};
    }
    return value.substr(kScheme.size());
}

Verdict withoutSecret(const Request& request, const Settings& settings) {
    if (request.loopback()) return {};
    for (const std::string& network : settings.allowUnauthenticatedFrom) {
        if (inNetwork(request.peer(), network)) return {};
    }
    return {401,
            "no webhook_header or jwt_key is configured, so only this machine may post; set "
            "plugins.evolution.config.webhook_header"};
}

}  // namespace

Token checkToken(std::string_view jwt, std::string_view key, std::int64_t nowS) {
    const auto dot = jwt.rfind('.');
    if (jwt.size() > kMaxToken || dot == std::string_view::npos) return Token::kForged;
    const std::string_view text = jwt.substr(0, dot);
    if (!sameSecret(jwt.substr(dot + 1), signatureOf(text, key))) return Token::kForged;
    const auto middle = text.find('.');
    try {
        // Only what was signed as HS256 counts, whatever else the key would fit.
        if (middle == std::string_view::npos ||
            textAt(partOf(text.substr(0, middle)), "alg") != "HS256")
            return Token::kForged;
        const std::int64_t expires = wholeNumber(at(partOf(text.substr(middle + 1)), "exp"));
        return expires != 0 && nowS > expires + kJwtGraceS ? Token::kExpired : Token::kGenuine;
    } catch (const std::exception&) {
        return Token::kForged;
    }
}

Verdict authenticate(const Request& request, std::int64_t receivedUnixNs,
                     const Settings& settings) {
    if (!settings.hasSecret()) return withoutSecret(request, settings);
    const std::string_view token = bearerOf(request);
    bool known = false, expired = false;
    for (const Server& server : settings.servers) {
        for (const std::string& value : server.headerValues)
            known = sameSecret(request.header(server.headerName), value) || known;
        for (const std::string& key : server.jwtKeys) {
            const Token found = token.empty()
                                    ? Token::kForged
                                    : checkToken(token, key, receivedUnixNs / 1'000'000'000);
            known = known || found == Token::kGenuine;
            expired = expired || found == Token::kExpired;
        }
    }
    if (known) return {};
    if (expired)
        return {503,
                "the token is genuine but expired long ago; compare the clocks of both machines"};
    return {401,
            "the request carries none of the configured secrets; compare the webhook's headers "
            "with webhook_header and jwt_key"};
}

}  // namespace totem::evolution
