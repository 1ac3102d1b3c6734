#pragma once

#include <list>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "upstream/curl_multi.hpp"
#include "upstream/lane.hpp"

namespace totemd {

/// What UpstreamClient does, on the loop's thread alone: takes an ask through its lane (breaker,
/// queue, attempt, redirect, retry) to exactly one call of its callback.
class UpstreamEngine {
public:
    UpstreamEngine(EventLoop& loop, std::shared_ptr<const UpstreamRules> config);
    /// Ends everything under way with kStopped.
    ~UpstreamEngine();
    UpstreamEngine(const UpstreamEngine&) = delete;
    UpstreamEngine& operator=(const UpstreamEngine&) = delete;

    void accept(Ask&& ask);
    void configure(std::shared_ptr<const UpstreamRules> config);
    void resetBreaker(const std::string& upstream);
    std::vector<UpstreamSnapshot> snapshot() const;

private:
    const LaneOptions& optionsFor(const std::string& upstream) const;
    Lane& laneFor(const std::string& upstream);
    void forgetOldestIdleLane();

    void enter(Ask& ask);
    bool mayStart(const Lane& lane, std::int64_t now) const;
    void enqueue(Ask& ask, std::int64_t now);
    void start(Ask& ask, std::int64_t now);
    void pump(Lane& lane);
    void noteLookups();
    void endLookup(Ask& ask, std::int64_t now);
    void refuseQueue(Lane& lane, std::int64_t now);

    void onFinished(Ask& ask, CURLcode code);
    void decide(Ask& ask, UpstreamResult&& result, const std::string& redirect, std::int64_t now);
    void redirect(Ask& ask, UpstreamResult&& result, const std::string& location);
    /// Nanoseconds until the next try, or -1 for none.
    std::int64_t retryDelay(const Ask& ask, const UpstreamResult& result, std::int64_t now);

    void stopAttempt(Ask& ask, UpstreamResult::Reason reason, const std::string& text);
    void refuse(Ask& ask, UpstreamResult::Reason reason, const std::string& text);
    void finish(Ask& ask, UpstreamResult&& result);
    void noteTimes(const Ask& ask, UpstreamResult& result, std::int64_t now) const;

    void move(Ask& ask, std::list<Ask>& to);
    void setTimer(Ask& ask, std::int64_t delayNs, void (UpstreamEngine::*action)(Ask&));
    void onQueuedTooLong(Ask& ask);
    void watchCancels();
    void sweepCancelled();
    void sweepList(std::list<Ask>& asks, bool inFlight);
    void recycle(std::unique_ptr<Transfer> transfer);

    EventLoop& loop_;
    std::shared_ptr<const UpstreamRules> config_;
    std::minstd_rand random_{std::random_device{}()};
    CurlMulti multi_;
    std::vector<std::unique_ptr<Transfer>> spare_;
    std::unordered_map<std::string, std::unique_ptr<Lane>> lanes_;
    std::vector<Ask*> resolving_;  // in flight, their names still to be looked up
    std::list<Ask> loose_;         // between two lanes, for the length of a call
    std::size_t inFlight_ = 0;
    std::size_t cancellable_ = 0;
    EventLoop::TimerId sweepTimer_ = 0;
};

}  // namespace totemd
