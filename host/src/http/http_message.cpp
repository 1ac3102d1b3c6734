#include "http/http_message.hpp"

#include <strings.h>

#include <nlohmann/json.hpp>

namespace totemd {
namespace {

HttpResponse withType(int status, const char* type, std::string body) {
    HttpResponse response;
    response.status = status;
    response.headers.push_back({"Content-Type", type});
    response.body = std::move(body);
    return response;
}

std::string dump(const nlohmann::json& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

bool equalsNoCase(std::string_view left, std::string_view right) {
    return left.size() == right.size() && strncasecmp(left.data(), right.data(), left.size()) == 0;
}

const std::string* findHeader(const std::vector<HttpHeader>& headers, std::string_view name) {
    for (const HttpHeader& header : headers) {
        if (equalsNoCase(header.name, name)) return &header.value;
    }
    return nullptr;
}

const std::string& HttpRequest::header(std::string_view name) const {
    static const std::string kAbsent;
    const std::string* value = findHeader(headers, name);
    return value != nullptr ? *value : kAbsent;
}

std::uint64_t HttpResponse::bodySize() const {
    if (const auto* bytes = std::get_if<std::string>(&body)) return bytes->size();
    return std::get<FileRange>(body).length;
}

HttpResponse HttpResponse::empty(int status) {
    HttpResponse response;
    response.status = status;
    return response;
}

HttpResponse HttpResponse::text(int status, std::string body) {
    return withType(status, "text/plain; charset=utf-8", std::move(body));
}

HttpResponse HttpResponse::json(int status, std::string serialized) {
    return withType(status, "application/json", std::move(serialized));
}

HttpResponse HttpResponse::json(int status, const nlohmann::json& value) {
    return json(status, dump(value));
}

HttpResponse HttpResponse::problem(int status, std::string_view detail) {
    const nlohmann::json value = {{"type", "about:blank"},
                                  {"title", reasonPhrase(status)},
                                  {"status", status},
                                  {"detail", detail}};
    return withType(status, "application/problem+json", dump(value));
}

HttpResponse HttpResponse::file(int status, FileRange range, std::string contentType) {
    HttpResponse response;
    response.status = status;
    response.headers.push_back({"Content-Type", std::move(contentType)});
    response.body = std::move(range);
    return response;
}

std::string_view reasonPhrase(int status) {
    switch (status) {
        case 100:
            return "Continue";
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 206:
            return "Partial Content";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 303:
            return "See Other";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 410:
            return "Gone";
        case 411:
            return "Length Required";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 416:
            return "Range Not Satisfiable";
        case 417:
            return "Expectation Failed";
        case 422:
            return "Unprocessable Content";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        case 507:
            return "Insufficient Storage";
        default:
            return "Unknown";
    }
}

}  // namespace totemd
