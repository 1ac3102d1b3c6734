#pragma once

#include <nlohmann/json_fwd.hpp>

#include <atomic>
#include <map>
#include <mutex>
#include <string>

namespace totem_sandbox {

/// What shall go wrong with one request or one webhook.
struct Fault {
    int latencyMs = 0;
    int status = 0;       ///< answer this instead of the real answer; nothing is done
    std::string body;     ///< with `status`: this body, else a short HTML page
    int retryAfter = -1;  ///< seconds, with `status`
    double rate = 1.0;
    bool drip = false;  ///< answer one byte at a time
    int dripMs = 20;
    enum class Reset { none, before, afterHeaders, afterEffect } reset = Reset::none;
    int repeatWebhooks = 0;
    bool outOfOrder = false;
    long count = -1;    ///< how many times still; -1 for ever
    std::string match;  ///< only targets that contain this
};

/// The switches, one fault per service. Safe from any thread; free while nothing is switched on.
class Faults {
public:
    /// Reads a control request; throws std::invalid_argument that names the bad member.
    /// A request with the service alone switches its fault off.
    void set(const nlohmann::json& request);
    void clear();

    /// The fault that this request meets, if any; uses up one of its count.
    Fault take(const std::string& service, const std::string& target);
    /// The fault for an outgoing webhook of this service.
    Fault takeWebhook(const std::string& service);

    nlohmann::json describe() const;

    /// Reads one fault; throws std::invalid_argument.
    static Fault parse(const nlohmann::json& request);

private:
    std::atomic<bool> any_{false};
    mutable std::mutex mutex_;
    std::map<std::string, Fault> byService_;
};

}  // namespace totem_sandbox
