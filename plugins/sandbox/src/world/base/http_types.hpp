#pragma once

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace totem_sandbox {

/// One request as a service sees it: the body is complete, the path is split and decoded.
struct Request {
    std::string method;
    std::string target;  ///< as it came, with the query
    std::string path;
    std::vector<std::string> parts;
    std::vector<std::pair<std::string, std::string>> query;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;

    /// First value of a query parameter, or "".
    std::string param(const std::string& name) const;
    bool hasParam(const std::string& name) const;
    /// Value of a header by its lower-case name, or "".
    std::string header(const std::string& name) const;
};

/// Does the path, from its part `first` on, have this form? `*` matches one part: "contacts/*".
bool pathIs(const std::vector<std::string>& parts, std::size_t first, const char* form);

/// A file that somebody sends along.
struct Media {
    std::string name;
    std::string type;
    std::string bytes;
};

/// What a service answers.
struct Reply {
    int status = 200;
    std::string body;
    std::string contentType = "application/json; charset=utf-8";
    std::vector<std::pair<std::string, std::string>> headers;
    std::string trace;  ///< for the log only

    static Reply json(int status, const nlohmann::json& body);
    static Reply empty(int status = 200);
    static Reply html(int status, std::string body);
    static Reply text(int status, std::string body);
};

/// One side of the outside world. `handle` is called from many threads at once.
class Service {
public:
    virtual ~Service() = default;
    virtual Reply handle(const Request& request) = 0;
};

/// The body as JSON; discarded value when it is not JSON.
nlohmann::json parseBody(const std::string& body);

/// JSON text that never throws on bytes that are not UTF-8.
std::string dump(const nlohmann::json& value);

}  // namespace totem_sandbox
