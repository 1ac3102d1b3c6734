#include "http/response_head.hpp"

#include <strings.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace totemd {
namespace {

bool isToken(std::string_view text) {
    static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
               kMarks.find(static_cast<char>(c)) != std::string_view::npos;
    });
}

bool isFieldValue(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](unsigned char c) { return (c >= 32 && c != 127) || c == '\t'; });
}

/// What the server decides itself.
bool isServersOwn(std::string_view name) {
    constexpr std::array<std::string_view, 5> kOwn = {"Content-Length", "Transfer-Encoding",
                                                      "Connection", "Keep-Alive", "Date"};
    return std::any_of(kOwn.begin(), kOwn.end(),
                       [name](std::string_view own) { return equalsNoCase(own, name); });
}

void appendNumber(std::string& out, std::uint64_t value) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}

}  // namespace

std::string_view DateLine::at(std::int64_t unixNs) {
    const std::int64_t second = unixNs / 1'000'000'000;
    if (second != second_) {
        second_ = second;
        const auto when = static_cast<time_t>(second);
        tm parts{};
        gmtime_r(&when, &parts);
        std::array<char, 64> text;
        // The C locale's names: the daemon never calls setlocale for LC_TIME.
        const std::size_t size =
            strftime(text.data(), text.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
        line_.assign(text.data(), size);
    }
    return line_;
}

bool isSendable(const HttpResponse& response) {
    return response.status >= 200 && response.status <= 599 &&
           std::all_of(response.headers.begin(), response.headers.end(), [](const HttpHeader& h) {
               return isToken(h.name) && isFieldValue(h.value);
           });
}

bool asksToClose(const HttpResponse& response) {
    const std::string* value = findHeader(response.headers, "Connection");
    return value != nullptr && equalsNoCase(*value, "close");
}

void appendHead(std::string& out, const HttpResponse& response, std::string_view dateLine,
                bool keepAlive) {
    out += "HTTP/1.1 ";
    appendNumber(out, static_cast<std::uint64_t>(response.status));
    out += ' ';
    out += reasonPhrase(response.status);
    out += "\r\n";
    out += dateLine;
    out += keepAlive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
    for (const HttpHeader& header : response.headers) {
        if (isServersOwn(header.name)) continue;
        out += header.name;
        out += ": ";
        out += header.value;
        out += "\r\n";
    }
    // 204 must not have one; in a 304 it would speak of the body that is not sent.
    if (response.status != 204 && response.status != 304) {
        out += "Content-Length: ";
        appendNumber(out, response.bodySize());
        out += "\r\n";
    }
    out += "\r\n";
}

}  // namespace totemd
