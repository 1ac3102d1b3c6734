#include "http/responder.hpp"

#include "http/connection.hpp"
#include "http/responder_state.hpp"
#include "loop/event_loop.hpp"

namespace totemd {

ResponderState::~ResponderState() {
    if (!answered_) send(HttpResponse::problem(500, "the request was not answered"));
}

bool ResponderState::send(HttpResponse response) {
    if (answered_.exchange(true)) return false;
    if (loop_.inLoop()) {
        const auto connection = connection_.lock();
        return connection && connection->respond(std::move(response));
    }
    if (connection_.expired()) return false;
    auto shared = std::make_shared<HttpResponse>(std::move(response));  // a Task must be copyable
    loop_.post([connection = connection_, shared] {
        if (const auto live = connection.lock()) live->respond(std::move(*shared));
    });
    return true;
}

bool Responder::send(HttpResponse response) const {
    return state_->send(std::move(response));
}
bool Responder::cancelled() const {
    return state_->cancelled();
}
bool Responder::answered() const {
    return state_->answered();
}

}  // namespace totemd
