#pragma once

#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sandbox_test {

using nlohmann::json;

struct Answer {
    int status = 0;  ///< 0: the connection ended without a complete answer
    std::map<std::string, std::string> headers;
    std::string body;
    json value() const { return json::parse(body, nullptr, false); }
};

using Headers = std::vector<std::pair<std::string, std::string>>;

/// One HTTP exchange with 127.0.0.1 on a connection of its own. A JSON body is sent as such, a
/// string as it stands with the content type of the headers.
Answer request(int port, const std::string& method, const std::string& path,
               const Headers& headers = {}, const json& body = nullptr);
Answer requestText(int port, const std::string& method, const std::string& path,
                   const Headers& headers, const std::string& contentType, const std::string& body);

struct Received {
    std::string path;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;
    json value() const { return json::parse(body, nullptr, false); }
    std::string header(const std::string& name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? "" : found->second;
    }
};

/// Receives webhooks. `answer` decides the status of each (0: no answer within the sender's time).
class Receiver {
public:
    explicit Receiver(std::function<int(const Received&)> answer = {});
    ~Receiver();
    int port() const;
    std::string url(const std::string& path = "/hook") const;

    /// Waits until `count` requests fulfil `wanted` and answers them; fewer after ten seconds.
    std::vector<Received> wait(std::size_t count,
                               const std::function<bool(const Received&)>& wanted = {});
    /// The first one with this event name.
    Received event(const std::string& name);
    std::size_t count(const std::function<bool(const Received&)>& wanted = {});

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// HMAC-SHA256 in lower-case hex, by OpenSSL: not by the code under test.
std::string hmac(const std::string& key, const std::string& data);

/// Polls a condition until it holds or ten seconds are over.
bool eventually(const std::function<bool()>& condition);

}  // namespace sandbox_test
