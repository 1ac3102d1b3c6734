#include "gaso.hpp"

#include <coroutine>
#include <memory>
#include <mutex>

namespace fnb {

using totem::Answer;
using totem::AskOptions;
using totem::HttpOut;
using totem::Task;

namespace {
constexpr std::size_t kEstado = 0;  // gasoMeasures() puts it first
constexpr std::uint64_t kLargestAnswer = 1 << 20;
}  // namespace

/// The answers to the measures of one person. Waiting for it ends with the last of them, or with an
/// Estado that makes the others pointless. Shared with the callbacks of answers that come later.
class Gaso::Gathering : public std::enable_shared_from_this<Gathering> {
public:
    explicit Gathering(std::size_t count) : values(count), open_(count) {}

    void arrive(std::size_t index, const Answer& answer) {
        GasoValue value;
        if (answer.ok()) value = readGasoValue(answer.body.code(), answer.text());
        std::unique_lock lock(mutex_);
        if (over_) return;
        --open_;
        if (index == kEstado && (!value.readable || saysNotFound(value.text))) decided_ = true;
        values[index] = std::move(value);
        if (!waiting_ || !(decided_ || open_ == 0)) return;
        over_ = true;
        lock.unlock();
        waiting_.resume();
    }

    auto all() {
        struct Awaiter {
            std::shared_ptr<Gathering> self;
            bool await_ready() const noexcept { return false; }
            bool await_suspend(std::coroutine_handle<> handle) {
                std::lock_guard lock(self->mutex_);
                if (self->decided_ || self->open_ == 0) {
                    self->over_ = true;
                    return false;
                }
                self->waiting_ = handle;
                return true;
            }
            void await_resume() const noexcept {}
        };
        return Awaiter{shared_from_this()};
    }

    std::vector<GasoValue> values;  // the waiter's after all()

private:
    std::mutex mutex_;
    std::size_t open_;
    bool decided_ = false, over_ = false;
    std::coroutine_handle<> waiting_;
};

Gaso::Gaso(const totem_host* host, const Settings& settings, HealthBoard& health)
    : settings_(settings.gaso),
      health_(health),
      http_(host),
      clock_(host),
      log_(host),
      measures_(gasoMeasures(settings.gaso)),
      url_(settings.gaso.url + "?synchronous=true") {}

Task<Outcome> Gaso::lookUp(std::string dni) {
    if (!configured()) {
        co_return failedOutcome(Channel::kGaso, "gaso_not_configured: GASO no está configurado");
    }
    const auto gathering = std::make_shared<Gathering>(measures_.size());
    AskOptions options;
    options.deadlineNs(clock_.monotonicNs() + settings_.timeoutS * kSecond);
    for (std::size_t i = 0; i < measures_.size(); ++i) {
        HttpOut request("POST", url_);
        request.content(measures_[i].bodyFor(dni))
            .header("Accept", "application/json")
            .header("X-PowerBI-ResourceKey", settings_.resourceKey)
            .header("Origin", "https://app.powerbi.com")
            .header("Referer", "https://app.powerbi.com/")
            .maxResponseBytes(kLargestAnswer)
            .repeatable();
        http_.ask(request, options).then([gathering, i](Answer answer) {
            gathering->arrive(i, answer);
        });
    }
    co_await gathering->all();

    std::string warning;
    Outcome outcome = gasoOutcome(dni, measures_, gathering->values, warning);
    if (!warning.empty()) log_.warning("gaso.odd", {{"reason", warning}});
    if (outcome.kind == Outcome::Kind::kFailed) {
        log_.warning("gaso.failed", {{"reason", outcome.error}});
        health_.report(HealthBoard::Part::kGaso, HealthBoard::State::kUnhealthy,
                       "the report does not answer; check plugins.fnb.config.gaso and the network");
    } else {
        health_.report(HealthBoard::Part::kGaso, HealthBoard::State::kHealthy);
    }
    co_return std::move(outcome);
}

}  // namespace fnb
