#include "authentication.hpp"

#include <Poco/DigestEngine.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <totem/caller.hpp>

#include <cstdlib>

namespace totem::chatwoot {
namespace {

bool fresh(std::string_view timestamp, std::int64_t receivedUnixNs, std::int64_t windowS) {
    if (timestamp.empty() || timestamp.size() > 12 ||
        timestamp.find_first_not_of("0123456789") != std::string_view::npos)
        return false;
    const std::int64_t age =
        receivedUnixNs / 1'000'000'000 - std::strtoll(std::string(timestamp).c_str(), nullptr, 10);
    return age <= windowS && age >= -windowS;
}

bool pathMatches(const Request& request, const Settings& settings) {
    const std::string_view prefix = "/webhook/chatwoot/";
    if (request.path().substr(0, prefix.size()) != prefix) return false;
    const std::string_view given = request.path().substr(prefix.size());
    for (const Account& account : settings.accounts) {
        if (!account.pathSecret.empty() && sameSecret(given, account.pathSecret)) return true;
    }
    return false;
}

}  // namespace

std::string signatureOf(std::string_view secret, std::string_view timestamp,
                        std::string_view body) {
    std::string text(timestamp);
    text.append(".").append(body);
    Poco::DigestEngine::Digest digest(32);
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), nullptr);
    return "sha256=" + Poco::DigestEngine::digestToHex(digest);
}

Verdict authenticate(const Request& request, std::string_view body, std::int64_t receivedUnixNs,
                     const Settings& settings) {
    if (!settings.hasSecret()) {
        if (request.loopback()) return {true, {}};
        for (const std::string& network : settings.allowUnauthenticatedFrom) {
            if (inNetwork(request.peer(), network)) return {true, {}};
        }
        return {false,
                "no webhook_secret is configured, so only this machine may post; set "
                "plugins.chatwoot.config.webhook_secret"};
    }
    if (pathMatches(request, settings)) return {true, {}};
    const std::string_view signature = request.header("X-Chatwoot-Signature");
    const std::string_view timestamp = request.header("X-Chatwoot-Timestamp");
    if (signature.empty())
        return {false,
                "the request is not signed; Chatwoot signs from 4.11.2 on, before that use "
                "path_secret"};
    bool known = false;
    for (const Account& account : settings.accounts) {
        for (const std::string& secret : account.secrets)
            known = sameSecret(signature, signatureOf(secret, timestamp, body)) || known;
    }
    if (!known)
        return {false,
                "the signature fits none of the configured secrets; each webhook, inbox and bot "
                "has its own"};
    if (!fresh(timestamp, receivedUnixNs, settings.replayWindowS))
        return {false, "the signed timestamp is outside the replay window; compare the clocks"};
    return {true, {}};
}

}  // namespace totem::chatwoot
