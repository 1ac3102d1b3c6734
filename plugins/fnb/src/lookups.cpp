#include "lookups.hpp"

#include "dni.hpp"
#include "portal_answers.hpp"

namespace fnb {

using totem::Answer;
using totem::Detached;
using totem::Task;

namespace {

const char* kindName(Outcome::Kind kind) {
    switch (kind) {
        case Outcome::Kind::kFound:
            return "found";
        case Outcome::Kind::kNotFound:
            return "not_found";
        case Outcome::Kind::kFailed:
            return "failed";
    }
    return "failed";
}

std::string cacheKey(Channel channel, const std::string& dni) {
    return std::string("fnb_result_") + channelName(channel) + "_" + dni;
}

/// GASO does not know the person and FNB could not say: the truth is that nobody knows.
OutcomePtr undecided(const Outcome& fnb) {
    return std::make_shared<const Outcome>(failedOutcome(Channel::kGaso, fnb.error));
}

}  // namespace

Lookups::Lookups(const totem_host* host, const Settings& settings)
    : settings_(settings),
      health_(host),
      cache_(host),
      clock_(host),
      log_(host),
      count_(totem::Metrics(host).counter("fnb_lookups_total", "Look-ups by channel and result")),
      seconds_(
          totem::Metrics(host).histogram("fnb_lookup_seconds", "Time of a look-up by channel")),
      portal_(host, settings, health_),
      gaso_(host, settings, health_) {}

Task<OutcomePtr> Lookups::query(Mode mode, std::string dni) {
    if (mode == Mode::kGaso) {
        const Shared only = find(Channel::kGaso, dni);
        co_return co_await only->wait();
    }
    const Shared first = find(Channel::kFnb, dni);
    OutcomePtr fnb = co_await first->wait();
    const bool enough = mode == Mode::kFnb || fnb->kind == Outcome::Kind::kFound;
    if (enough || !gaso_.configured()) co_return std::move(fnb);
    const Shared second = find(Channel::kGaso, dni);
    OutcomePtr gaso = co_await second->wait();
    const bool fnbFailed = fnb->kind == Outcome::Kind::kFailed;
    if (fnbFailed && gaso->kind == Outcome::Kind::kNotFound) co_return undecided(*fnb);
    co_return std::move(gaso);
}

/// The look-up in flight, or a new one.
Lookups::Shared Lookups::find(Channel channel, const std::string& dni) {
    Shared flight;
    {
        std::lock_guard lock(mutex_);
        Shared& entry = open_[static_cast<std::size_t>(channel)][dni];
        if (entry) return entry;
        entry = std::make_shared<Flight<OutcomePtr>>();
        flight = entry;
    }
    run(channel, dni, flight);
    return flight;
}

Detached Lookups::run(Channel channel, std::string dni, Shared flight) {
    const std::int64_t began = clock_.monotonicNs();
    OutcomePtr outcome;
    try {
        Outcome fetched = co_await fetch(channel, dni);
        outcome = std::make_shared<const Outcome>(std::move(fetched));
    } catch (const std::exception& error) {
        log_.error("lookup.fault", {{"reason", error.what()}});
        outcome = std::make_shared<const Outcome>(
            failedOutcome(channel, "internal: no se pudo completar la consulta"));
    }
    note(*outcome, dni, began);
    {
        std::lock_guard lock(mutex_);
        open_[static_cast<std::size_t>(channel)].erase(dni);
    }
    flight->finish(std::move(outcome));
}

Task<Outcome> Lookups::fetch(Channel channel, std::string dni) {
    if (settings_.resultCacheS == 0 && settings_.notFoundCacheS == 0) {
        co_return co_await ask(channel, dni);
    }
    const std::string key = cacheKey(channel, dni);
    Answer cached = co_await cache_.get(key);
    if (cached.ok()) {
        if (auto known = readOutcome(cached.text(), channel)) co_return std::move(*known);
    }
    Outcome outcome = co_await ask(channel, dni);
    if (outcome.kind == Outcome::Kind::kFailed) co_return std::move(outcome);
    const std::int64_t ttl =
        outcome.kind == Outcome::Kind::kFound ? settings_.resultCacheS : settings_.notFoundCacheS;
    if (ttl > 0) cache_.set(key, outcomeText(outcome), ttl * kSecond).then([](Answer) {});
    co_return std::move(outcome);
}

Task<Outcome> Lookups::ask(Channel channel, std::string dni) {
    if (channel == Channel::kFnb) return portal_.lookUp(std::move(dni));
    return gaso_.lookUp(std::move(dni));
}

void Lookups::note(const Outcome& outcome, const std::string& dni, std::int64_t beganNs) {
    const double seconds = static_cast<double>(clock_.monotonicNs() - beganNs) / 1e9;
    const char* channel = channelName(outcome.channel);
    count_.record(1, {{"channel", channel}, {"result", kindName(outcome.kind)}});
    seconds_.record(seconds, {{"channel", channel}});
    log_.debug("lookup", {{"person", maskDni(dni)},
                          {"channel", channel},
                          {"result", kindName(outcome.kind)},
                          {"seconds", seconds}});
}

}  // namespace fnb
