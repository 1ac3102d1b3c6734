#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace totem_test {

/// An HTTP server on 127.0.0.1 whose answers a test writes byte by byte, in the place of one that
/// the daemon calls.
///
/// The script runs on a thread of the connection and may block: that connection waits then. What it
/// returns is sent as it is; an answer with `Connection: close` (see `reply`) ends the connection,
/// one without bytes closes it at once. Threads: any.
class StandIn {
public:
    struct Request {
        std::string method;
        std::string target;
        std::map<std::string, std::string> headers;  ///< names in lower case
        std::string body;
    };
    using Script = std::function<std::string(const Request&)>;

    explicit StandIn(Script script, int port = 0);
    /// Closes all connections and waits for their threads; a script that blocks must be let go first.
    ~StandIn();

    int port() const;
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }
    std::vector<Request> requests() const;
    std::size_t requestCount() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// A complete answer with Content-Length. `headers`: further lines, each with its line end.
std::string reply(int status, const std::string& body,
                  const std::string& contentType = "application/json",
                  const std::string& headers = {});

}  // namespace totem_test
