#pragma once

#include <atomic>
#include <memory>

#include "http/http_message.hpp"

namespace totemd {

class Connection;
class EventLoop;

/// What the copies of a Responder share. Owned by them alone, so that its end is noticed; the
/// connection only looks at it.
class ResponderState {
public:
    ResponderState(EventLoop& loop, std::weak_ptr<Connection> connection)
        : loop_(loop), connection_(std::move(connection)) {}
    /// Answers 500 when nobody answered.
    ~ResponderState();
    ResponderState(const ResponderState&) = delete;
    ResponderState& operator=(const ResponderState&) = delete;

    bool send(HttpResponse response);
    void cancel() { cancelled_ = true; }
    bool cancelled() const { return cancelled_; }
    bool answered() const { return answered_; }

private:
    EventLoop& loop_;
    std::weak_ptr<Connection> connection_;
    std::atomic<bool> answered_{false};
    std::atomic<bool> cancelled_{false};
};

}  // namespace totemd
