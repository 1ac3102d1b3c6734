#include "upstream/upstream_target.hpp"

#include <curl/curl.h>
#include <strings.h>

#include <algorithm>
#include <memory>

namespace totemd {
namespace {

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url, which, &text, flags) != CURLUE_OK) return {};
    std::string result = text;
    curl_free(text);
    return result;
}

bool isTokenChar(char c) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f) return false;
    return std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
}

bool isToken(const std::string& text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), isTokenChar);
}

std::string checkHeaders(const UpstreamHeaders& headers) {
    for (const auto& [name, value] : headers) {
        if (!isToken(name)) return "a header name is empty or has characters that are not allowed";
        constexpr std::string_view kBad("\r\n\0", 3);
        if (value.find_first_of(kBad) != std::string::npos) {
            return "the value of header \"" + name + "\" has a line break or a NUL";
        }
    }
    return {};
}

std::string describe(CURLUcode code) {
    if (code == CURLUE_UNSUPPORTED_SCHEME) return "its scheme is not http or https";
    if (code == CURLUE_BAD_SCHEME) return "it does not begin with http:// or https://";
    return std::string(curl_url_strerror(code));
}

void takeCredentials(CURLU* url, UpstreamRequest& request) {
    std::string user = part(url, CURLUPART_USER, CURLU_URLDECODE);
    std::string password = part(url, CURLUPART_PASSWORD, CURLU_URLDECODE);
    if (user.empty() && password.empty()) return;
    if (!request.credentials) {
        request.credentials =
            UpstreamCredentials{UpstreamCredentials::kBasic, std::move(user), std::move(password)};
    }
    curl_url_set(url, CURLUPART_USER, nullptr, 0);
    curl_url_set(url, CURLUPART_PASSWORD, nullptr, 0);
}

// Whether a header may go to another origin than the one it was meant for. Everything else might
// carry a key (Authorization, api_access_token, apikey, X-…).
bool mayCrossOrigins(const std::string& name) {
    for (const char* safe : {"Accept", "Accept-Language", "Accept-Encoding", "Content-Type",
                             "Content-Language", "User-Agent", "Cache-Control"}) {
        if (equalsIgnoreCase(name, safe)) return true;
    }
    return false;
}

void becomeGet(UpstreamRequest& request) {
    request.method = "GET";
    request.body.clear();
    std::erase_if(request.headers, [](const auto& header) {
        return strncasecmp(header.first.c_str(), "Content-", 8) == 0;
    });
}

}  // namespace

std::string lowerCase(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

bool equalsIgnoreCase(const std::string& a, const std::string& b) {
    return a.size() == b.size() && strncasecmp(a.c_str(), b.c_str(), a.size()) == 0;
}

bool isConnectionHeader(const std::string& name) {
    for (const char* own : {"Connection", "Content-Length", "Expect", "Keep-Alive",
                            "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade"}) {
        if (equalsIgnoreCase(name, own)) return true;
    }
    return false;
}

const std::string* UpstreamResult::header(const char* name) const {
    for (const auto& entry : headers) {
        if (strcasecmp(entry.first.c_str(), name) == 0) return &entry.second;
    }
    return nullptr;
}

std::string prepareRequest(UpstreamRequest& request, UpstreamTarget& target) {
    if (!isToken(request.method) || request.method == "CONNECT") {
        return "the method is not a word like GET or POST";
    }
    if (std::string wrong = checkHeaders(request.headers); !wrong.empty()) return wrong;
    if (request.url.find('\0') != std::string::npos) return "the URL has a NUL";

    const Url url(curl_url(), curl_url_cleanup);
    const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, request.url.c_str(),
                                        CURLU_URLENCODE | CURLU_ALLOW_SPACE);
    if (code != CURLUE_OK) return "the URL cannot be used: " + describe(code);
    target.scheme = lowerCase(part(url.get(), CURLUPART_SCHEME));
    if (target.scheme != "http" && target.scheme != "https") {
        return "the URL cannot be used: its scheme is not http or https";
    }
    target.host = lowerCase(part(url.get(), CURLUPART_HOST));
    if (target.host.empty()) return "the URL cannot be used: it has no host";
    // The key is built from what people write; only the host's own form is without brackets.
    const std::string port = part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
    target.upstream = target.host + ":" + port;
    target.port = static_cast<std::uint16_t>(std::stoul(port));
    if (target.host.front() == '[') target.host = target.host.substr(1, target.host.size() - 2);

    takeCredentials(url.get(), request);
    curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
    request.url = part(url.get(), CURLUPART_URL);
    return {};
}

std::string followRedirect(UpstreamRequest& request, UpstreamTarget& target, int status,
                           const std::string& location) {
    UpstreamRequest next = std::move(request);
    next.url = location;
    const bool toGet = status == 303 ? next.method != "HEAD"
                                     : (status == 301 || status == 302) && next.method == "POST";
    if (toGet) becomeGet(next);
    auto credentials = std::move(next.credentials);
    next.credentials.reset();
    UpstreamTarget nextTarget;
    std::string wrong = prepareRequest(next, nextTarget);
    if (nextTarget.sameOrigin(target)) {
        if (!next.credentials) next.credentials = std::move(credentials);
    } else {
        next.credentials.reset();
        std::erase_if(next.headers,
                      [](const auto& header) { return !mayCrossOrigins(header.first); });
    }
    request = std::move(next);
    if (wrong.empty()) target = std::move(nextTarget);
    return wrong;
}

}  // namespace totemd
