#include "http_requests.hpp"

#include <Poco/Net/HTTPResponse.h>
#include <Poco/String.h>
#include <Poco/URI.h>
#include <Poco/UUIDGenerator.h>

#include <totem/base64.hpp>

#include <algorithm>
#include <vector>

#include "json_text.hpp"

namespace totem::flows {
namespace {

std::string textOf(const Json& object, const char* name) {
    auto found = object.find(name);
    if (found == object.end() || found->is_null()) return {};
    return found->is_string() ? found->get<std::string>() : found->dump();
}

std::string bytesOf(const Json& object, const char* name) {
    std::optional<std::string> bytes = decodeBase64(textOf(object, name));
    if (!bytes) throw Failure(Status::kInvalid, "a file's data is no base64");
    return *std::move(bytes);
}

/// For a parameter in a part's header, as browsers write it.
std::string parameter(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"')
            out += "%22";
        else if (c == '\r')
            out += "%0D";
        else if (c == '\n')
            out += "%0A";
        else
            out += c;
    }
    return out + "\"";
}

std::string typeOf(const Json& part) {
    std::string type =
        part.contains("mimeType") ? textOf(part, "mimeType") : "application/octet-stream";
    if (std::any_of(type.begin(), type.end(),
                    [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
        throw Failure(Status::kInvalid, "a file's type has control characters");
    return type;
}

/// multipart/form-data (RFC 7578).
std::string multipart(const Json& parts, const std::string& boundary) {
    std::string body;
    for (const Json& part : parts) {
        body += "--" + boundary +
                "\r\nContent-Disposition: form-data; name=" + parameter(textOf(part, "name"));
        if (part.contains("base64")) {
            body += "; filename=" +
                    parameter(part.contains("fileName") ? textOf(part, "fileName") : "file") +
                    "\r\nContent-Type: " + typeOf(part);
        }
        body += "\r\n\r\n" +
                (part.contains("base64") ? bytesOf(part, "base64") : textOf(part, "value")) +
                "\r\n";
    }
    return body + "--" + boundary + "--\r\n";
}

bool hasHeader(const Json& headers, std::string_view name) {
    for (const Json& header : headers) {
        if (header.is_array() && header.size() == 2 && header.at(0).is_string() &&
            sameHeaderName(header.at(0).get<std::string>(), name))
            return true;
    }
    return false;
}

/// "auto": bytes cross as base64 unless their type says that they are text.
bool isBinary(const Json& wanted, const Answer& answer) {
    if (wanted.is_boolean()) return wanted.get<bool>();
    if (wanted != "auto") return false;
    const std::string type = Poco::toLower(std::string(answer.body.header("Content-Type")));
    if (type.empty() || type.rfind("text/", 0) == 0) return false;
    for (const char* text : {"json", "xml", "javascript", "x-www-form-urlencoded"}) {
        if (type.find(text) != std::string::npos) return false;
    }
    return true;
}

/// As Node does: set-cookie is a list, other repeated fields are joined.
std::string headersText(const totem_body& body) {
    std::vector<std::pair<std::string, std::string>> headers;
    std::string cookies;
    for (std::uint32_t i = 0; i < body.header_count; ++i) {
        std::string name = Poco::toLower(std::string(view(body.headers[i].name)));
        const std::string_view value = view(body.headers[i].value);
        if (name == "set-cookie") {
            cookies += cookies.empty() ? "" : ",";
            appendJsonText(cookies, value);
            continue;
        }
        auto known = std::find_if(headers.begin(), headers.end(),
                                  [&](const auto& header) { return header.first == name; });
        if (known == headers.end())
            headers.emplace_back(std::move(name), value);
        else
            known->second.append(", ").append(value);
    }
    std::string text = "{";
    for (const auto& [name, value] : headers) {
        if (text.size() > 1) text += ',';
        appendJsonText(text, name);
        text += ':';
        appendJsonText(text, value);
    }
    if (!cookies.empty())
        text += (text.size() > 1 ? ",\"set-cookie\":[" : "\"set-cookie\":[") + cookies + "]";
    return text + "}";
}

std::string resultText(const Answer& answer, bool binary) {
    const int status = answer.body.code();
    std::string text = "{\"status\":" + std::to_string(status) + ",\"statusText\":";
    appendJsonText(text, Poco::Net::HTTPResponse::getReasonForStatus(
                             static_cast<Poco::Net::HTTPResponse::HTTPStatus>(status)));
    text += ",\"headers\":" + headersText(*answer.body.raw());
    text += binary ? ",\"base64\":" : ",\"body\":";
    if (binary)
        appendJsonText(text, encodeBase64(answer.text()));
    else
        appendJsonText(text, answer.text());
    return text + "}";
}

}  // namespace

bool HttpRequests::isRepeatable(const Json& request) const {
    const std::string method = request.value("method", "GET");
    return method == "GET" || method == "HEAD" || method == "OPTIONS" ||
           settings_.isRepeatable(request.value("url", ""));
}

void HttpRequests::applyCredential(const Json& reference, HttpOut& out, std::string& url) const {
    auto found = settings_.credentials.find(textOf(reference, "id"));
    if (found == settings_.credentials.end())
        found = settings_.credentials.find(textOf(reference, "name"));
    if (found == settings_.credentials.end()) {
        throw Failure(Status::kInvalid, "the credential \"" + textOf(reference, "name") +
                                            "\" (id " + textOf(reference, "id") +
                                            ") has no entry in plugins.flows.config.credentials");
    }
    const Credential& credential = found->second;
    switch (credential.kind) {
        case Credential::Kind::kHeader:
            out.header(credential.name, credential.value);
            break;
        case Credential::Kind::kBearer:
            out.header("Authorization", "Bearer " + credential.value);
            break;
        case Credential::Kind::kBasic:
            out.header("Authorization",
                       "Basic " + encodeBase64(credential.user + ":" + credential.password));
            break;
        case Credential::Kind::kQuery: {
            Poco::URI uri(url);
            uri.addQueryParameter(credential.name, credential.value);
            url = uri.toString();
            break;
        }
    }
}

HttpOut HttpRequests::outOf(const Json& request) const {
    std::string url = request.value("url", "");
    HttpOut credentials("", "");
    const Json headers = request.value("headers", Json::array());
    if (request.contains("credential") && request.at("credential").is_object()) {
        // Only a query credential changes the address; headers are added below.
        applyCredential(request.at("credential"), credentials, url);
    }
    HttpOut out(request.value("method", "GET"), url);
    for (const Json& header : headers) {
        if (header.is_array() && header.size() == 2 && header.at(0).is_string() &&
            header.at(1).is_string()) {
            out.header(header.at(0).get<std::string>(), header.at(1).get<std::string>());
        }
    }
    if (request.contains("credential") && request.at("credential").is_object()) {
        std::string ignored = url;
        applyCredential(request.at("credential"), out, ignored);
    }
    if (request.contains("parts")) {
        const std::string boundary =
            "totem-" + Poco::UUIDGenerator::defaultGenerator().createRandom().toString();
        out.content(multipart(request.at("parts"), boundary),
                    "multipart/form-data; boundary=" + boundary);
    } else if (request.contains("bodyBase64") || request.contains("body")) {
        std::string body = request.contains("bodyBase64") ? bytesOf(request, "bodyBase64")
                                                          : textOf(request, "body");
        if (hasHeader(headers, "content-type"))
            out.body(std::move(body));
        else
            out.content(std::move(body), "application/json");
    }
    out.maxRedirects(request.value("redirects", 0))
        .insecureTls(request.value("insecure", false))
        .repeatable(isRepeatable(request));
    if (request.contains("proxy") && request.at("proxy").is_string())
        out.proxy(request.at("proxy").get<std::string>());
    return out;
}

Task<HttpRequests::Outcome> HttpRequests::send(const Json& request, AskOptions options) const {
    const HttpOut out = outOf(request);
    Answer answer = co_await client_.ask(out, options);
    Outcome outcome;
    outcome.status = answer.status;
    if (answer.ok())
        outcome.result = resultText(answer, isBinary(request.value("binary", Json(false)), answer));
    else
        outcome.error = std::string(answer.text());
    co_return outcome;
}

}  // namespace totem::flows
