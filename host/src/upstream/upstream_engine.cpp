#include "upstream/upstream_engine.hpp"

#include <algorithm>
#include <new>

#include "upstream/retry_policy.hpp"
#include "upstream/verdict.hpp"

namespace totemd {
namespace {

constexpr std::size_t kMaxLanes = 1024;  // hosts come from flows: forget those long unused
constexpr std::size_t kMaxSpareTransfers = 64;
constexpr std::size_t kMaxLookups = 8;                 // at a time and upstream
constexpr std::int64_t kNameFreshNs = 50'000'000'000;  // curl remembers a name for 60 s
constexpr std::int64_t kCancelPollNs = 50'000'000;

bool isCancelled(const Ask& ask) {
    return ask.request.cancelled && ask.request.cancelled();
}

bool isRedirectStatus(int status) {
    return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

}  // namespace

UpstreamEngine::UpstreamEngine(EventLoop& loop, std::shared_ptr<const UpstreamRules> config)
    : loop_(loop),
      config_(std::move(config)),
      multi_(
          loop,
          [this](CURL* easy, CURLcode code) {
              onFinished(*static_cast<Ask*>(Transfer::ownerOf(easy)), code);
          },
          [this] { noteLookups(); }) {}

UpstreamEngine::~UpstreamEngine() {
    const std::string text = "the daemon stops";
    for (auto& [name, lane] : lanes_) {
        while (!lane->queue.empty()) refuse(lane->queue.front(), UpstreamResult::kStopped, text);
        while (!lane->retrying.empty()) {
            refuse(lane->retrying.front(), UpstreamResult::kStopped, text);
        }
        while (!lane->inFlight.empty()) {
            stopAttempt(lane->inFlight.front(), UpstreamResult::kStopped, text);
        }
    }
    loop_.cancel(sweepTimer_);
}

void UpstreamEngine::configure(std::shared_ptr<const UpstreamRules> config) {
    const auto old = std::exchange(config_, std::move(config));  // the lanes still look at it
    for (auto& [name, lane] : lanes_) lane->configure(optionsFor(name));
    for (auto& [name, lane] : lanes_) pump(*lane);
}

void UpstreamEngine::resetBreaker(const std::string& upstream) {
    const auto found = lanes_.find(lowerCase(upstream));
    if (found != lanes_.end()) found->second->breaker.reset();
}

std::vector<UpstreamSnapshot> UpstreamEngine::snapshot() const {
    std::vector<UpstreamSnapshot> result;
    const std::int64_t now = monotonicNow();
    for (const auto& [name, lane] : lanes_) result.push_back(lane->snapshot(now));
    std::sort(result.begin(), result.end(),
              [](const auto& a, const auto& b) { return a.upstream < b.upstream; });
    return result;
}

const LaneOptions& UpstreamEngine::optionsFor(const std::string& upstream) const {
    const auto& own = config_->options.own;
    auto found = own.find(upstream);
    if (found == own.end()) found = own.find(upstream.substr(0, upstream.rfind(':')));
    return found == own.end() ? config_->options : found->second;
}

Lane& UpstreamEngine::laneFor(const std::string& upstream) {
    auto found = lanes_.find(upstream);
    if (found == lanes_.end()) {
        if (lanes_.size() >= kMaxLanes) forgetOldestIdleLane();
        auto lane = std::make_unique<Lane>(upstream, optionsFor(upstream));
        found = lanes_.emplace(upstream, std::move(lane)).first;
    }
    return *found->second;
}

void UpstreamEngine::forgetOldestIdleLane() {
    auto oldest = lanes_.end();
    for (auto lane = lanes_.begin(); lane != lanes_.end(); ++lane) {
        if (!lane->second->idle()) continue;
        if (oldest == lanes_.end() || lane->second->lastUsedNs < oldest->second->lastUsedNs) {
            oldest = lane;
        }
    }
    if (oldest != lanes_.end()) lanes_.erase(oldest);
}

void UpstreamEngine::accept(Ask&& arriving) {
    Ask& ask = loose_.emplace_back(std::move(arriving));
    ask.home = &loose_;
    ask.self = std::prev(loose_.end());
    UpstreamRequest& request = ask.request;
    const std::string& method = request.method;
    ask.repeatable =
        request.repeatable.value_or(method == "GET" || method == "HEAD" || method == "OPTIONS");
    if (request.cancelled) {
        ++cancellable_;
        watchCancels();
    }
    const std::string wrong = prepareRequest(request, ask.target);
    if (!wrong.empty()) return refuse(ask, UpstreamResult::kInvalidRequest, wrong);
    ask.lane = &laneFor(ask.target.upstream);
    const LaneOptions& options = *ask.lane->options;
    if (request.deadlineNs == 0) request.deadlineNs = ask.askedNs + options.defaultTimeoutNs;
    if (request.maxResponseBytes == 0) request.maxResponseBytes = options.maxResponseBytes;
    enter(ask);
}

void UpstreamEngine::enter(Ask& ask) {
    const std::int64_t now = monotonicNow();
    Lane& lane = *ask.lane;
    lane.lastUsedNs = now;
    if (now >= ask.request.deadlineNs) {
        return refuse(ask, UpstreamResult::kDeadline, "the deadline had passed before sending");
    }
    if (isCancelled(ask)) return refuse(ask, UpstreamResult::kCancelled, "cancelled");
    if (lane.breaker.refuses(now)) {
        return refuse(ask, UpstreamResult::kBreakerOpen,
                      "not asked, since it failed too often lately; it is tried again in " +
                          std::to_string(lane.breaker.openForNs(now) / 1'000'000) + " ms");
    }
    if (lane.queue.empty() && mayStart(lane, now)) return start(ask, now);
    if (lane.queue.size() < lane.options->maxQueued) return enqueue(ask, now);
    refuse(ask, UpstreamResult::kBulkheadFull,
           std::to_string(lane.queue.size()) +
               " requests wait for it already; ask later, or see why it is slow");
}

void UpstreamEngine::enqueue(Ask& ask, std::int64_t now) {
    move(ask, ask.lane->queue);
    setTimer(ask, ask.request.deadlineNs - now, &UpstreamEngine::onQueuedTooLong);
}

void UpstreamEngine::onQueuedTooLong(Ask& ask) {
    refuse(ask, UpstreamResult::kDeadline,
           "the deadline passed in the queue behind " + std::to_string(ask.lane->inFlight.size()) +
               " requests under way; it is slow");
}

void UpstreamEngine::start(Ask& ask, std::int64_t now) {
    Lane& lane = *ask.lane;
    loop_.cancel(std::exchange(ask.timer, 0));
    move(ask, lane.inFlight);
    ask.permit = lane.breaker.admit(now);
    ask.startedNs = now;
    if (spare_.empty()) {
        ask.transfer = std::make_unique<Transfer>();
    } else {
        ask.transfer = std::move(spare_.back());
        spare_.pop_back();
    }
    const std::string wrong =
        ask.transfer->begin({ask.request, ask.target, config_, ask.repeatable,
                             ask.request.deadlineNs, lane.options->connectTimeoutNs, &ask},
                            now);
    if (wrong.empty()) {
        if (!ask.transfer->isPastLookup() && now - lane.resolvedNs >= kNameFreshNs) {
            resolving_.push_back(&ask);
            ++lane.resolving;
        }
        ++inFlight_;
        multi_.setMaxConnections(config_->options.maxIdleConnections + inFlight_);
        return multi_.add(ask.transfer->easy());
    }
    lane.breaker.record(ask.permit, CircuitBreaker::kNeutral, now);
    recycle(std::move(ask.transfer));
    refuse(ask, UpstreamResult::kPolicy, wrong);
}

void UpstreamEngine::pump(Lane& lane) {
    const std::int64_t now = monotonicNow();
    while (!lane.queue.empty() && mayStart(lane, now)) {
        if (lane.breaker.refuses(now)) return refuseQueue(lane, now);
        Ask& ask = lane.queue.front();
        if (isCancelled(ask)) {
            refuse(ask, UpstreamResult::kCancelled, "cancelled");
        } else {
            start(ask, now);
        }
    }
}

// A burst towards a name that is not in curl's cache would be a thread for each request. So the
// first few go ahead; when one has its address, the rest find it in the cache.
bool UpstreamEngine::mayStart(const Lane& lane, std::int64_t now) const {
    if (lane.inFlight.size() >= lane.options->maxInFlight) return false;
    return lane.resolving < kMaxLookups || now - lane.resolvedNs < kNameFreshNs;
}

void UpstreamEngine::noteLookups() {
    for (std::size_t i = 0; i < resolving_.size();) {
        Ask& ask = *resolving_[i];
        if (!ask.transfer->isPastLookup()) {
            ++i;
            continue;
        }
        Lane& lane = *ask.lane;
        endLookup(ask, monotonicNow());
        pump(lane);
    }
}

void UpstreamEngine::endLookup(Ask& ask, std::int64_t now) {
    const auto found = std::find(resolving_.begin(), resolving_.end(), &ask);
    if (found == resolving_.end()) return;
    if (ask.transfer->isResolved()) ask.lane->resolvedNs = now;
    --ask.lane->resolving;
    *found = resolving_.back();
    resolving_.pop_back();
}

void UpstreamEngine::refuseQueue(Lane& lane, std::int64_t now) {
    const std::string wait = std::to_string(lane.breaker.openForNs(now) / 1'000'000);
    while (!lane.queue.empty()) {
        refuse(lane.queue.front(), UpstreamResult::kBreakerOpen,
               "not asked, since it began to fail; it is tried again in " + wait + " ms");
    }
}

void UpstreamEngine::onFinished(Ask& ask, CURLcode code) {
    const std::int64_t now = monotonicNow();
    Lane& lane = *ask.lane;
    std::string location;
    if (code == CURLE_OK && ask.redirects < ask.request.maxRedirects) {
        location = ask.transfer->redirectUrl();
    }
    UpstreamResult result = ask.transfer->end(code, now);
    endLookup(ask, now);
    --inFlight_;
    ask.maySent = ask.maySent || ask.transfer->maySent();
    ask.attempts += result.attempts;
    noteTimes(ask, result, now);
    recycle(std::move(ask.transfer));
    lane.noteAttempt(result, now);
    const bool opened = lane.breaker.record(ask.permit, healthOf(result), now);
    decide(ask, std::move(result), location, now);
    if (opened) refuseQueue(lane, now);
    pump(lane);
}

void UpstreamEngine::decide(Ask& ask, UpstreamResult&& result, const std::string& location,
                            std::int64_t now) {
    if (!location.empty() && isRedirectStatus(result.status)) {
        return redirect(ask, std::move(result), location);
    }
    const std::int64_t delay = retryDelay(ask, result, now);
    if (delay < 0) return finish(ask, std::move(result));
    ++ask.retries;
    ask.lane->noteRetry();
    ask.previous = std::make_unique<UpstreamResult>(std::move(result));
    move(ask, ask.lane->retrying);
    setTimer(ask, delay, &UpstreamEngine::enter);
}

void UpstreamEngine::redirect(Ask& ask, UpstreamResult&& result, const std::string& location) {
    ++ask.redirects;
    const std::string from = ask.target.upstream;
    const std::string wrong = followRedirect(ask.request, ask.target, result.status, location);
    if (!wrong.empty()) {
        return refuse(ask, UpstreamResult::kPolicy,
                      from + " sent a redirect that cannot be followed: " + wrong);
    }
    ask.lane = &laneFor(ask.target.upstream);
    move(ask, loose_);
    enter(ask);
}

std::int64_t UpstreamEngine::retryDelay(const Ask& ask, const UpstreamResult& result,
                                        std::int64_t now) {
    if (!ask.repeatable || ask.retries >= ask.lane->options->maxRetries) return -1;
    const auto reason = result.reason;
    const bool worthIt = result.outcome == UpstreamResult::kResponse
                             ? isRetryStatus(result.status)
                             : reason == UpstreamResult::kResolve ||
                                   reason == UpstreamResult::kConnect ||
                                   reason == UpstreamResult::kConnectionLost;
    if (!worthIt) return -1;
    std::int64_t delay = backOffNs(config_->options.retryBaseNs, ask.retries + 1, random_);
    if (const std::string* header = result.header("Retry-After")) {
        delay = std::max(delay, retryAfterNs(*header, unixNow()).value_or(0));
    }
    return delay < ask.request.deadlineNs - now ? delay : -1;
}

void UpstreamEngine::stopAttempt(Ask& ask, UpstreamResult::Reason reason, const std::string& text) {
    multi_.remove(ask.transfer->easy());
    endLookup(ask, monotonicNow());
    --inFlight_;
    ask.maySent = ask.maySent || ask.transfer->maySent();
    recycle(std::move(ask.transfer));
    ask.lane->breaker.record(ask.permit, CircuitBreaker::kNeutral, monotonicNow());
    refuse(ask, reason, text);
}

void UpstreamEngine::refuse(Ask& ask, UpstreamResult::Reason reason, const std::string& text) {
    if (ask.previous) {  // says more than the refusal
        ask.previous->totalNs = monotonicNow() - ask.askedNs;
        return finish(ask, std::move(*ask.previous));
    }
    UpstreamResult result;
    result.reason = reason;
    result.url = ask.request.url;
    result.error = (ask.lane ? ask.target.upstream : "request to an upstream") + ": " + text;
    noteTimes(ask, result, monotonicNow());
    finish(ask, std::move(result));
}

void UpstreamEngine::noteTimes(const Ask& ask, UpstreamResult& result, std::int64_t now) const {
    const std::int64_t started = ask.startedNs == 0 ? 0 : ask.startedNs - ask.askedNs;
    result.startedNs = started;
    if (result.connectedNs != 0) result.connectedNs += started;
    if (result.firstByteNs != 0) result.firstByteNs += started;
    result.totalNs = now - ask.askedNs;
}

void UpstreamEngine::finish(Ask& ask, UpstreamResult&& result) {
    std::list<Ask> ended;
    ended.splice(ended.end(), *ask.home, ask.self);
    loop_.cancel(std::exchange(ask.timer, 0));
    if (ask.request.cancelled) --cancellable_;
    result.attempts = ask.attempts;
    if (result.outcome != UpstreamResult::kResponse) {
        result.outcome = outcomeOf(ask.maySent, ask.repeatable);
        result.error += meaningOf(result.outcome);
    }
    if (ask.lane) ask.lane->noteEnd(result);
    ask.done(std::move(result));
}

void UpstreamEngine::move(Ask& ask, std::list<Ask>& to) {
    to.splice(to.end(), *ask.home, ask.self);
    ask.home = &to;
}

void UpstreamEngine::setTimer(Ask& ask, std::int64_t delayNs,
                              void (UpstreamEngine::*action)(Ask&)) {
    ask.timer = loop_.after(delayNs, [this, &ask, action] {
        ask.timer = 0;
        (this->*action)(ask);
    });
}

void UpstreamEngine::watchCancels() {
    if (sweepTimer_ != 0) return;
    sweepTimer_ = loop_.after(kCancelPollNs, [this] {
        sweepTimer_ = 0;
        sweepCancelled();
        if (cancellable_ != 0) watchCancels();
    });
}

void UpstreamEngine::sweepCancelled() {
    for (auto& [name, lane] : lanes_) {
        sweepList(lane->queue, false);
        sweepList(lane->retrying, false);
        sweepList(lane->inFlight, true);
        pump(*lane);
    }
}

void UpstreamEngine::sweepList(std::list<Ask>& asks, bool inFlight) {
    for (auto next = asks.begin(); next != asks.end();) {
        Ask& ask = *next++;
        if (!isCancelled(ask)) continue;
        if (inFlight) {
            stopAttempt(ask, UpstreamResult::kCancelled, "cancelled");
        } else {
            refuse(ask, UpstreamResult::kCancelled, "cancelled");
        }
    }
}

void UpstreamEngine::recycle(std::unique_ptr<Transfer> transfer) {
    if (spare_.size() < kMaxSpareTransfers) spare_.push_back(std::move(transfer));
}

}  // namespace totemd
