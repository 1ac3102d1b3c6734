#pragma once

#include <mutex>
#include <string>

#include <totem/call.hpp>
#include <totem/http.hpp>

namespace totem::flows {

/// The HTTP caller of a Webhook node, answered at most once by whatever comes first: the node's own
/// mode, a Respond node, the end of the run. Threads: any.
class WebhookAnswer {
public:
    explicit WebhookAnswer(Call call) : call_(std::move(call)) {}

    bool send(Response response) {
        std::lock_guard<std::mutex> lock(mutex_);
        if (call_.answered()) return false;
        call_.succeed(std::move(response));
        return true;
    }
    bool answered() const {
        std::lock_guard<std::mutex> lock(mutex_);
        return call_.answered();
    }
    void fail(Status status, std::string sentence) {
        std::lock_guard<std::mutex> lock(mutex_);
        if (!call_.answered()) call_.fail(status, std::move(sentence));
    }

private:
    mutable std::mutex mutex_;
    Call call_;
};

}  // namespace totem::flows
