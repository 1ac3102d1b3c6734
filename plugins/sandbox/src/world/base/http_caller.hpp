#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace totem_sandbox {

/// One outgoing call of the world.
struct Call {
    std::string method = "POST";
    std::string url;  ///< http only; user:password@ becomes Basic authentication
    std::vector<std::pair<std::string, std::string>> headers;
    std::string contentType = "application/json";
    std::string body;
    std::chrono::milliseconds timeout{5000};  ///< to connect and to read, each
    bool redirectAsGet = false;               ///< what axios does; else method and body are kept
};

/// `status` 0 means that no answer came; `error` then says why, as the real senders word it.
struct CallResult {
    int status = 0;
    std::string body;
    std::string error;
    bool ok() const { return status >= 200 && status < 300; }
};

/// Makes the world's own HTTP calls over kept connections. Never sends a request twice.
/// Safe from any thread.
class HttpCaller {
public:
    HttpCaller();
    ~HttpCaller();
    CallResult call(const Call& call);
    /// Calls that wait for an answer end within a moment, as failed.
    void stop() { stopped_ = true; }

private:
    class Session;
    std::unique_ptr<Session> take(const std::string& host, unsigned short port);
    void give(std::unique_ptr<Session> session);
    CallResult once(const Call& call, const std::string& method, const std::string& url,
                    std::string& location);

    void awaitAnswer(Session& session, std::chrono::milliseconds time);

    std::atomic<bool> stopped_{false};
    std::mutex mutex_;
    std::multimap<std::string, std::unique_ptr<Session>> idle_;
};

}  // namespace totem_sandbox
