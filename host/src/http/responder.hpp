#pragma once

#include <memory>

#include "http/http_message.hpp"

namespace totemd {

class ResponderState;

/// The way to answer one request. Copies share the one answer: the first `send` counts, later ones
/// do nothing. When the last copy goes without an answer, the client gets a 500.
///
/// Threads: any; the answer is handed to the listener's loop. On the loop it is sent at once.
/// Lifetime: may outlive the server (the answer is dropped), but not the EventLoop.
class Responder {
public:
    explicit Responder(std::shared_ptr<ResponderState> state) : state_(std::move(state)) {}

    /// False when the request is answered already or the connection is gone.
    bool send(HttpResponse response) const;
    /// True when the client has gone away or closed its side: work for it may be skipped. An
    /// answer is still tried, since some clients close their sending half and wait.
    bool cancelled() const;
    bool answered() const;

private:
    std::shared_ptr<ResponderState> state_;
};

}  // namespace totemd
