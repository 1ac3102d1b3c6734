#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include <totem/cache.hpp>
#include <totem/draft/task.hpp>
#include <totem/http_client.hpp>
#include <totem/log.hpp>
#include <totem/metrics.hpp>
#include <totem/timer.hpp>

#include "health_board.hpp"
#include "settings.hpp"
#include "waiting.hpp"

namespace fnb {

/// A login at the portal. What changes is guarded by its SessionKeeper, but for `served`.
struct Session {
    std::string token, allyId;
    std::string name;              ///< for keys in the cache
    std::int64_t loggedInAtS = 0;  ///< Unix seconds
    std::int64_t expiresAtS = 0;
    bool ownLogin = false;            ///< not taken from the cache
    std::atomic<bool> served{false};  ///< the portal has accepted it
    std::uint32_t uses = 0;           ///< by this process
    std::uint32_t usesShared = 0;     ///< of them, told to the others
    std::uint32_t usesOfOthers = 0;
};
using SessionPtr = std::shared_ptr<Session>;

/// Keeps one session at the portal, shared with other processes through the cache under
/// `calidda_session_<username>`: {"token", "timestamp"}. One login at a time per account, by a lock
/// with a time to live; renewed in the background before it expires or is used up; no login storm
/// when logins fail. Taking a session that is there asks nobody.
///
/// Threads: any. Lifetime: until nothing that it asked is open.
class SessionKeeper {
public:
    /// A session, or an error that may be published, or neither: then wait().
    struct Taken {
        SessionPtr session;
        std::string error;
        bool decided() const { return session != nullptr || !error.empty(); }
    };

    SessionKeeper(const totem_host* host, const Settings& settings, HealthBoard& health);

    /// Counts as one look-up.
    Taken tryTake();
    totem::Task<Taken> wait(std::int64_t deadlineNs);
    /// The portal answered 401 to this session.
    void refuse(const SessionPtr& session);

    /// Begins the first login.
    void start();
    /// No more renewals in the background.
    void drain();

private:
    enum class Result { kSession, kRefused, kFailed, kStopped };
    struct Renewal {
        Result result = Result::kFailed;
        SessionPtr session;
        std::int64_t waitS = 0;  ///< what the portal asked for, or 0
        bool reached = true;     ///< false: the portal certainly saw no login
        explicit Renewal(Result outcome) : result(outcome) {}
    };

    std::shared_ptr<Flight<bool>> refresh(bool asked);
    totem::Detached runRefresh(std::shared_ptr<Flight<bool>> flight, std::string staleToken,
                               bool asked);
    totem::Task<Renewal> renew(std::string staleToken);
    totem::Task<Renewal> fromCache(std::string staleToken);
    totem::Task<Renewal> logIn();
    void conclude(const Renewal& renewal, bool asked);
    void noteFailure(Result result, std::int64_t waitS);
    void renewLater(std::int64_t delayS);
    void shareUses(const SessionPtr& session, std::uint32_t count);
    SessionPtr sessionOf(const std::string& token, std::int64_t loggedInAtS, bool ownLogin) const;
    bool usable(const Session& session) const;
    std::string usesKey(const Session& session) const;
    std::int64_t nowS() const { return clock_.unixNs() / 1'000'000'000; }

    const totem_host* const host_;
    const Settings& settings_;
    HealthBoard& health_;
    const totem::HttpClient http_;
    const totem::Cache cache_;
    const totem::Clock clock_;
    const totem::Timers timers_;
    const totem::Log log_;
    const totem::Metric logins_;
    const std::string sessionKey_, lockKey_;
    const std::uint32_t renewAtUses_, shareStep_;

    mutable std::mutex mutex_;  // guards all that follows
    SessionPtr current_;
    std::string refusedToken_;
    std::shared_ptr<Flight<bool>> refreshing_;
    std::int64_t blockedUntilS_ = 0;  // no login before
    std::uint32_t failures_ = 0;
    std::string lastError_;
    std::uint64_t timer_ = 0;
    bool draining_ = false;
};

}  // namespace fnb
