#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "totem/abi/http_client.h"
#include "totem/ask.hpp"

namespace totem {
inline namespace v0 {

/// A request to send. The fields are explained in abi/http_client.h.
class HttpOut {
public:
    HttpOut(std::string method, std::string url)
        : method_(std::move(method)), url_(std::move(url)) {}
    HttpOut& header(std::string name, std::string value) {
        headers_.emplace_back(std::move(name), std::move(value));
        return *this;
    }
    HttpOut& content(std::string bytes, std::string type = "application/json") {
        return body(std::move(bytes)).header("Content-Type", std::move(type));
    }
    /// Content whose type a header() names.
    HttpOut& body(std::string bytes) {
        content_ = std::move(bytes);
        return *this;
    }
    HttpOut& repeatable(bool value = true) { return flag(TOTEM_HTTP_REPEATABLE, value); }
    HttpOut& once(bool value = true) { return flag(TOTEM_HTTP_ONCE, value); }
    HttpOut& insecureTls(bool value = true) { return flag(TOTEM_HTTP_INSECURE_TLS, value); }
    HttpOut& maxRedirects(int count) {
        maxRedirects_ = count;
        return *this;
    }
    HttpOut& maxResponseBytes(std::uint64_t bytes) {
        maxResponse_ = bytes;
        return *this;
    }
    HttpOut& proxy(std::string url) {
        proxy_ = std::move(url);
        return *this;
    }

    const std::string& method() const { return method_; }
    const std::string& url() const { return url_; }

    /// `views` must outlive the returned struct.
    totem_http_out raw(std::vector<totem_header>& views) const {
        for (const auto& [name, value] : headers_) views.push_back({str(name), str(value)});
        totem_http_out out{};
        out.struct_size = sizeof out;
        out.flags = flags_;
        out.method = str(method_);
        out.url = str(url_);
        out.headers = views.data();
        out.header_count = static_cast<std::uint32_t>(views.size());
        out.max_redirects = maxRedirects_;
        out.content = str(content_);
        out.max_response_bytes = maxResponse_;
        out.proxy = str(proxy_);
        return out;
    }

private:
    HttpOut& flag(std::uint32_t bit, bool on) {
        flags_ = on ? flags_ | bit : flags_ & ~bit;
        return *this;
    }

    std::string method_, url_, content_, proxy_;
    HeaderList headers_;
    std::uint32_t flags_ = 0;
    int maxRedirects_ = 0;
    std::uint64_t maxResponse_ = 0;
};

/// Outgoing HTTP. On success `answer.body.code()` is the HTTP status, whatever it is.
class HttpClient {
public:
    explicit HttpClient(const totem_host* host)
        : host_(host), api_(hostExtension<totem_host_http_client>(host, TOTEM_EXT_HTTP_CLIENT)) {}

    auto ask(const HttpOut& request, const AskOptions& options = {}) const {
        return Pending(host_, options, [this, &request](const totem_ask& ask) {
            if (!TOTEM_HAS(api_, ask)) return answerUnavailable(host_, ask, TOTEM_EXT_HTTP_CLIENT);
            std::vector<totem_header> views;
            const totem_http_out out = request.raw(views);
            api_->ask(host_, &out, &ask);
        });
    }

private:
    const totem_host* host_;
    const totem_host_http_client* api_;
};

}  // namespace v0
}  // namespace totem
