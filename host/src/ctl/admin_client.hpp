#pragma once

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>

namespace totemd {

/// Why a command failed, ready to be shown: names the address tried and the next step.
class CommandError : public std::runtime_error {
public:
    explicit CommandError(const std::string& message, int exitCode = 1)
        : std::runtime_error(message), exitCode_(exitCode) {}
    int exitCode() const { return exitCode_; }

private:
    int exitCode_;
};

/// Talks to the admin listener of a daemon; host/src/admin/README.md lists its paths.
///
/// Threads: one at a time. Errors: every function throws CommandError when the daemon cannot be
/// reached, does not answer in time or refuses.
class AdminClient {
public:
    using Json = nlohmann::ordered_json;

    /// `address` is "host:port"; `tokenSource` says for messages where the token came from.
    AdminClient(std::string address, std::string token, std::string tokenSource,
                std::chrono::milliseconds timeout);
    ~AdminClient();
    AdminClient(AdminClient&&) noexcept;

    Json get(const std::string& path);
    std::string getText(const std::string& path);
    Json post(const std::string& path, const std::string& body,
              const std::string& idempotencyKey = {});
    Json put(const std::string& path, const std::string& body);
    /// As `get`, but nullopt instead of an error.
    std::optional<Json> tryGet(const std::string& path);

    const std::string& address() const { return address_; }

    /// One path segment or query value, percent-encoded.
    static std::string encode(const std::string& text);

private:
    struct Answer {
        long status = 0;
        std::string body;
    };
    Answer request(const char* method, const std::string& path, const std::string* body,
                   const std::string& idempotencyKey);
    std::string accepted(Answer answer, const std::string& path) const;
    Json parsed(const std::string& body) const;

    struct Curl;
    std::unique_ptr<Curl> curl_;
    std::string address_, token_, tokenSource_;
    std::chrono::milliseconds timeout_;
};

}  // namespace totemd
