#include "journal/effects.hpp"

#include <stdexcept>

#include "journal/outbox_works.hpp"

namespace totemd {

Effects::Effects(Database& database, EffectsOptions options, EffectHooks hooks)
    : outbox_(std::make_unique<Outbox>(database, options, std::move(hooks))) {}

Effects::~Effects() {
    outbox_->database().stop();
}

void Effects::start() {
    auto work = std::make_unique<Outbox::Restore>(*outbox_);
    auto result = work->result();
    outbox_->database().write(std::move(work));
    const std::string error = result.get();
    if (!error.empty()) throw std::runtime_error("cannot read the open effects: " + error);
}

void Effects::ask(EffectAsk ask, Done done) {
    outbox_->database().write(
        std::make_unique<Outbox::Intend>(*outbox_, std::move(ask), std::move(done)));
}

void Effects::suspend() {
    outbox_->setSuspended();
}

std::int64_t Effects::open() const {
    return outbox_->open();
}

}  // namespace totemd
