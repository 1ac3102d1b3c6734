#include "journal/dispatcher.hpp"

#include <future>
#include <stdexcept>

#include "journal/database.hpp"
#include "journal/lane_works.hpp"

namespace totemd {
Dispatcher::Dispatcher(Database& database, DispatcherOptions options, Deliver deliver)
    : lanes_(std::make_unique<Lanes>(database, options, std::move(deliver))) {}

Dispatcher::~Dispatcher() {
    lanes_->database().stop();
}

void Dispatcher::start() {
    auto work = std::make_unique<Lanes::Restore>(*lanes_);
    auto result = work->result();
    lanes_->database().write(std::move(work));
    const std::string error = result.get();
    if (!error.empty()) throw std::runtime_error("cannot read the open deliveries: " + error);
}

void Dispatcher::resume(const std::string& subscriber) {
    lanes_->database().post(
        [lanes = lanes_.get(), subscriber] { lanes->setPaused(subscriber, false); });
}

void Dispatcher::pause(const std::string& subscriber) {
    lanes_->database().post(
        [lanes = lanes_.get(), subscriber] { lanes->setPaused(subscriber, true); });
}

void Dispatcher::drain() {
    lanes_->setDraining();
}

DispatcherCounters Dispatcher::counters() const {
    return lanes_->counters();
}

}  // namespace totemd
