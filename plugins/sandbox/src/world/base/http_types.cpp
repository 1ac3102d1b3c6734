#include "world/base/http_types.hpp"

#include <algorithm>
#include <string_view>

namespace totem_sandbox {

std::string Request::param(const std::string& name) const {
    for (const auto& [key, value] : query)
        if (key == name) return value;
    return {};
}

bool Request::hasParam(const std::string& name) const {
    for (const auto& [key, value] : query)
        if (key == name) return true;
    return false;
}

std::string Request::header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
}

bool pathIs(const std::vector<std::string>& parts, std::size_t first, const char* form) {
    std::string_view rest(form);
    for (std::size_t i = first; i < parts.size(); ++i) {
        if (rest.empty()) return false;
        const std::size_t slash = std::min(rest.find('/'), rest.size());
        const std::string_view wanted = rest.substr(0, slash);
        if (wanted != "*" && wanted != parts[i]) return false;
        rest.remove_prefix(std::min(slash + 1, rest.size()));
    }
    return rest.empty();
}

Reply Reply::json(int status, const nlohmann::json& body) {
    Reply reply;
    reply.status = status;
    reply.body = dump(body);
    return reply;
}

Reply Reply::empty(int status) {
    Reply reply;
    reply.status = status;
    return reply;
}

Reply Reply::html(int status, std::string body) {
    Reply reply;
    reply.status = status;
    reply.body = std::move(body);
    reply.contentType = "text/html; charset=utf-8";
    return reply;
}

Reply Reply::text(int status, std::string body) {
    Reply reply;
    reply.status = status;
    reply.body = std::move(body);
    reply.contentType = "text/plain";
    return reply;
}

nlohmann::json parseBody(const std::string& body) {
    return nlohmann::json::parse(body, nullptr, false);
}

std::string dump(const nlohmann::json& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace totem_sandbox
