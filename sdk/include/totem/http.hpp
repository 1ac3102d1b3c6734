#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "totem/abi/route.h"
#include "totem/body.hpp"

namespace totem {
inline namespace v0 {

/// An HTTP request to a route: a view that is valid until the call is answered. Copied freely.
class Request {
public:
    explicit Request(const totem_http_request* raw) : raw_(raw) {}
    std::string_view method() const { return view(raw_->method); }
    std::string_view target() const { return view(raw_->target); }
    std::string_view path() const { return view(raw_->path); }
    std::string_view query() const { return view(raw_->query); }
    std::string_view listener() const { return view(raw_->listener); }
    std::string_view peer() const { return view(raw_->peer); }
    bool loopback() const { return (raw_->flags & TOTEM_REQUEST_LOOPBACK) != 0; }
    bool replayed() const { return (raw_->flags & TOTEM_REQUEST_REPLAYED) != 0; }
    /// The first field of that name, without regard to case; empty when absent.
    std::string_view header(std::string_view name) const {
        return findHeader(raw_->headers, raw_->header_count, name);
    }
    std::uint32_t headerCount() const { return raw_->header_count; }
    std::pair<std::string_view, std::string_view> headerAt(std::uint32_t i) const {
        return {view(raw_->headers[i].name), view(raw_->headers[i].value)};
    }
    std::uint64_t contentLength() const {
        if (raw_->body == nullptr) return 0;
        return raw_->body->fd >= 0 ? raw_->body->length : raw_->body->content.len;
    }
    /// The whole content; large ones are read from the file the host spooled them to. Errors:
    /// std::system_error when that file cannot be read.
    std::string content() const {
        return raw_->body == nullptr ? std::string() : readContent(*raw_->body);
    }

private:
    const totem_http_request* raw_;
};

/// An HTTP answer. Content-Length, Date and Connection are the host's business.
class Response {
public:
    Response(int status, std::string content, std::string type)
        : status_(status), content_(std::move(content)) {
        if (!type.empty()) header("Content-Type", std::move(type));
    }
    static Response json(std::string text, int status = 200) {
        return {status, std::move(text), "application/json"};
    }
    static Response text(std::string text, int status = 200) {
        return {status, std::move(text), "text/plain; charset=utf-8"};
    }
    static Response html(std::string text, int status = 200) {
        return {status, std::move(text), "text/html; charset=utf-8"};
    }
    static Response empty(int status = 200) { return {status, {}, {}}; }
    /// RFC 9457. `detail` is a sentence for the caller; characters are escaped as JSON needs.
    static Response problem(int status, std::string_view detail) {
        return {status,
                "{\"status\":" + std::to_string(status) + ",\"detail\":\"" + escape(detail) + "\"}",
                "application/problem+json"};
    }
    Response& header(std::string name, std::string value) {
        headers_.emplace_back(std::move(name), std::move(value));
        return *this;
    }
    int status() const { return status_; }
    const std::string& content() const { return content_; }

    operator Body() && { return Body(std::move(content_), status_, std::move(headers_)); }

private:
    static std::string escape(std::string_view text) {
        static const char* digits = "0123456789abcdef";
        std::string out;
        for (const char c : text) {
            if (c == '"' || c == '\\') {
                out += '\\';
                out += c;
            } else if (static_cast<unsigned char>(c) < 0x20) {
                out += "\\u00";
                out += digits[(c >> 4) & 15];
                out += digits[c & 15];
            } else {
                out += c;
            }
        }
        return out;
    }

    int status_;
    std::string content_;
    HeaderList headers_;
};

}  // namespace v0
}  // namespace totem
