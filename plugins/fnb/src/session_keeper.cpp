#include "session_keeper.hpp"

#include <algorithm>
#include <cstdlib>

#include "encoding.hpp"
#include "portal_answers.hpp"

namespace fnb {

using totem::Answer;
using totem::AskOptions;
using totem::Detached;
using totem::HttpOut;
using totem::Status;
using totem::Task;

namespace {

constexpr std::int64_t kLockPollNs = 100'000'000;
constexpr std::int64_t kLongestRenewalMarginS = 300;
constexpr std::int64_t kSkewedClockTtlS = 60;

constexpr const char* kRefusedError =
    "fnb_login_refused: el portal FNB no aceptó el usuario configurado";
constexpr const char* kFailedError = "fnb_login_failed: no se pudo iniciar sesión en el portal FNB";

/// Doubles from `first` with each failure in a row.
std::int64_t growing(std::int64_t first, std::uint32_t failures, std::int64_t longest) {
    return std::min(first << std::min<std::uint32_t>(failures - 1, 20), longest);
}

/// FNV-1a: tells sessions apart in a key without showing the token.
std::string shortName(std::string_view token) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : token) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    return std::to_string(hash);
}

}  // namespace

SessionKeeper::SessionKeeper(const totem_host* host, const Settings& settings, HealthBoard& health)
    : host_(host),
      settings_(settings),
      health_(health),
      http_(host),
      cache_(host),
      clock_(host),
      timers_(host),
      log_(host),
      logins_(totem::Metrics(host).counter("fnb_logins_total", "Logins at the portal by result")),
      sessionKey_("calidda_session_" + settings.username),
      lockKey_("fnb_login_" + settings.username),
      renewAtUses_(settings.maxLookupsPerSession - settings.maxLookupsPerSession / 5),
      shareStep_(settings.maxLookupsPerSession == 0
                     ? 0
                     : std::max<std::uint32_t>(1, settings.maxLookupsPerSession / 10)) {}

bool SessionKeeper::usable(const Session& session) const {
    const std::uint32_t limit = settings_.maxLookupsPerSession;
    const bool usedUp = limit != 0 && session.uses + session.usesOfOthers >= limit;
    return !usedUp && nowS() < session.expiresAtS;
}

SessionKeeper::Taken SessionKeeper::tryTake() {
    Taken taken;
    bool renew = false;
    std::uint32_t toShare = 0;
    {
        std::lock_guard lock(mutex_);
        if (current_ && usable(*current_)) {
            Session& session = *current_;
            taken.session = current_;
            ++session.uses;
            if (shareStep_ != 0 && session.uses - session.usesShared >= shareStep_) {
                toShare = session.uses - session.usesShared;
                session.usesShared = session.uses;
            }
            renew = shareStep_ != 0 && session.uses + session.usesOfOthers >= renewAtUses_ &&
                    !refreshing_ && nowS() >= blockedUntilS_;
        } else if (!refreshing_ && nowS() < blockedUntilS_) {
            taken.error = lastError_;
        }
    }
    if (toShare != 0) shareUses(taken.session, toShare);
    if (renew) refresh(false);
    return taken;
}

Task<SessionKeeper::Taken> SessionKeeper::wait(std::int64_t deadlineNs) {
    while (true) {
        const auto flight = refresh(true);
        co_await flight->wait();
        Taken taken = tryTake();
        if (taken.decided()) co_return std::move(taken);
        // A burst has used up the new session already: the next one.
        if (clock_.monotonicNs() >= deadlineNs) {
            taken.error = kFailedError;
            co_return std::move(taken);
        }
    }
}

void SessionKeeper::refuse(const SessionPtr& session) {
    std::lock_guard lock(mutex_);
    if (current_ != session) return;
    refusedToken_ = session->token;
    current_ = nullptr;
    // A login that is refused at its first use: without a pause each look-up would log in again.
    if (session->ownLogin && !session->served) noteFailure(Result::kFailed, 0);
}

void SessionKeeper::start() {
    health_.report(HealthBoard::Part::kPortal, HealthBoard::State::kStarting, "first login");
    refresh(false);
}

void SessionKeeper::drain() {
    std::lock_guard lock(mutex_);
    draining_ = true;
    timers_.cancel(timer_);
    timer_ = 0;
}

/// The refresh in flight, or a new one; `asked` when a look-up waits for it.
std::shared_ptr<Flight<bool>> SessionKeeper::refresh(bool asked) {
    std::string staleToken;
    auto flight = std::make_shared<Flight<bool>>();
    {
        std::lock_guard lock(mutex_);
        if (refreshing_) return refreshing_;
        refreshing_ = flight;
        staleToken = current_ ? current_->token : refusedToken_;
    }
    runRefresh(flight, std::move(staleToken), asked);
    return flight;
}

Detached SessionKeeper::runRefresh(std::shared_ptr<Flight<bool>> flight, std::string staleToken,
                                   bool asked) {
    Renewal renewal(Result::kFailed);
    try {
        renewal = co_await renew(std::move(staleToken));
    } catch (const std::exception& error) {
        log_.error("login.failed", {{"reason", error.what()}});
    }
    conclude(renewal, asked);
    flight->finish(true);
}

void SessionKeeper::conclude(const Renewal& renewal, bool asked) {
    using State = HealthBoard::State;
    constexpr auto kPortal = HealthBoard::Part::kPortal;
    std::int64_t again = 0;
    {
        std::lock_guard lock(mutex_);
        refreshing_ = nullptr;
        if (renewal.result == Result::kSession) {
            current_ = renewal.session;
            failures_ = 0;
            blockedUntilS_ = 0;
            const std::int64_t life = current_->expiresAtS - current_->loggedInAtS;
            again = current_->expiresAtS - std::min(life / 5, kLongestRenewalMarginS) - nowS();
        } else {
            noteFailure(renewal.result, renewal.waitS);
            // Wrong credentials are not tried again unasked: that would lock the account.
            if (renewal.result == Result::kFailed) again = blockedUntilS_ - nowS();
            // What nobody asked for and the portal never saw must not cost a customer the answer:
            // portal and daemon may be starting together.
            if (!renewal.reached && !asked) blockedUntilS_ = 0;
        }
    }
    if (renewal.result == Result::kSession) {
        health_.report(kPortal, State::kHealthy);
    } else if (renewal.result == Result::kRefused) {
        health_.report(kPortal, State::kUnhealthy,
                       "the portal refuses the login; check username and password in "
                       "plugins.fnb.config");
    } else if (renewal.result == Result::kFailed) {
        health_.report(kPortal, State::kUnhealthy,
                       "the login at the portal fails; see login.failed in the log");
    }
    if (renewal.result == Result::kSession || again > 0) renewLater(again);
}

/// Under the lock.
void SessionKeeper::noteFailure(Result result, std::int64_t waitS) {
    ++failures_;
    const bool refused = result == Result::kRefused;
    const std::int64_t pause = refused ? growing(30, failures_, 900) : growing(1, failures_, 60);
    blockedUntilS_ = nowS() + std::max(pause, waitS);
    lastError_ = refused ? kRefusedError : kFailedError;
}

void SessionKeeper::renewLater(std::int64_t delayS) {
    std::lock_guard lock(mutex_);
    timers_.cancel(timer_);
    timer_ = 0;
    if (draining_) return;
    timer_ = timers_.after(std::max<std::int64_t>(delayS, 1) * kSecond, [this] { refresh(false); });
}

Task<SessionKeeper::Renewal> SessionKeeper::renew(std::string staleToken) {
    const std::int64_t lockTtlS = settings_.loginTimeoutS + 2;
    const std::int64_t giveUp =
        clock_.monotonicNs() + (lockTtlS + settings_.loginTimeoutS) * kSecond;
    std::string lockToken;
    while (true) {
        Renewal found = co_await fromCache(staleToken);
        if (found.session) co_return std::move(found);
        Answer lock = co_await cache_.lock(lockKey_, lockTtlS * kSecond);
        if (lock.ok()) lockToken = lock.text();
        // A cache that does not answer must not keep us from working.
        if (lock.status != Status::kBusy) break;
        if (clock_.monotonicNs() >= giveUp) co_return Renewal(Result::kFailed);
        if (!co_await totem::Sleep(host_, kLockPollNs)) co_return Renewal(Result::kStopped);
    }
    // Somebody else may have logged in between the look and the lock.
    Renewal renewal = co_await fromCache(staleToken);
    if (!renewal.session) renewal = co_await logIn();
    if (!lockToken.empty()) cache_.unlock(lockKey_, lockToken).then([](Answer) {});
    co_return std::move(renewal);
}

Task<SessionKeeper::Renewal> SessionKeeper::fromCache(std::string staleToken) {
    Renewal renewal(Result::kFailed);
    Answer cached = co_await cache_.get(sessionKey_);
    const auto stored = cached.ok() ? readStoredSession(cached.text()) : std::nullopt;
    if (!stored || stored->token == staleToken) co_return std::move(renewal);
    // A time in the future is another machine's clock.
    SessionPtr session = sessionOf(stored->token, std::min(stored->loggedInAt, nowS()), false);
    if (!session) co_return std::move(renewal);
    if (settings_.maxLookupsPerSession != 0) {
        const std::string key = usesKey(*session);
        Answer uses = co_await cache_.get(key);
        if (uses.ok()) {
            session->usesOfOthers = static_cast<std::uint32_t>(
                std::clamp(std::atoll(std::string(uses.text()).c_str()), 0LL, 1'000'000'000LL));
        }
    }
    if (usable(*session)) {
        renewal.session = session;
        renewal.result = Result::kSession;
    }
    co_return std::move(renewal);
}

Task<SessionKeeper::Renewal> SessionKeeper::logIn() {
    Renewal renewal(Result::kFailed);
    HttpOut request("POST", settings_.baseUrl + settings_.paths.login);
    request.content(loginBody(settings_))
        .header("Accept", "application/json, text/plain, */*")
        .header("Origin", settings_.baseUrl)
        .header("Referer", settings_.baseUrl + settings_.paths.loginPage)
        .once();
    AskOptions options;
    options.deadlineNs(clock_.monotonicNs() + settings_.loginTimeoutS * kSecond);
    Answer answer = co_await http_.ask(request, options);

    renewal.reached = answer.status != Status::kUnavailable;
    LoginAnswer login;
    if (answer.ok()) login = readLogin(answer.body.code(), answer.text());
    if (answer.ok() && answer.body.code() == 429) {
        renewal.waitS =
            readRetryAfter(answer.body.header("Retry-After"), nowS()).value_or(settings_.backOffS);
        renewal.waitS = std::min<std::int64_t>(renewal.waitS, 900);
    }
    if (login.kind == LoginAnswer::Kind::kToken) {
        renewal.session = sessionOf(login.token, nowS(), true);
        if (renewal.session) renewal.result = Result::kSession;
    } else if (login.kind == LoginAnswer::Kind::kRefused) {
        renewal.result = Result::kRefused;
    }
    static constexpr const char* kResults[] = {"ok", "refused", "failed", "stopped"};
    const char* result = kResults[static_cast<int>(renewal.result)];
    logins_.record(1, {{"result", result}});
    if (!renewal.session) {
        log_.warning("login.failed", {{"result", result},
                                      {"ask", totem::statusName(answer.status)},
                                      {"status", answer.body.code()}});
        co_return std::move(renewal);
    }
    log_.info("login.done", {{"expires_in_s", renewal.session->expiresAtS - nowS()}});
    StoredSession stored{renewal.session->token, renewal.session->loggedInAtS};
    const std::string text = storedSessionText(stored);
    const std::int64_t ttl = renewal.session->expiresAtS - nowS();
    if (ttl > 0) static_cast<void>(co_await cache_.set(sessionKey_, text, ttl * kSecond));
    co_return std::move(renewal);
}

SessionPtr SessionKeeper::sessionOf(const std::string& token, std::int64_t loggedInAtS,
                                    bool ownLogin) const {
    const auto claims = readToken(token);
    if (!claims) return nullptr;
    auto session = std::make_shared<Session>();
    session->token = token;
    session->name = shortName(token);
    session->allyId = claims->allyId;
    session->loggedInAtS = loggedInAtS;
    session->expiresAtS = loggedInAtS + settings_.sessionTtlS;
    session->ownLogin = ownLogin;
    if (claims->exp) session->expiresAtS = std::min(session->expiresAtS, *claims->exp);
    // Expired at birth: the clocks differ. Use it for a little while instead of never.
    if (ownLogin && session->expiresAtS <= loggedInAtS) {
        session->expiresAtS = loggedInAtS + kSkewedClockTtlS;
    }
    return session;
}

std::string SessionKeeper::usesKey(const Session& session) const {
    return "fnb_uses_" + settings_.username + "_" + session.name;
}

void SessionKeeper::shareUses(const SessionPtr& session, std::uint32_t count) {
    const std::string key = usesKey(*session);
    const std::int64_t ttl = (settings_.sessionTtlS + 60) * kSecond;
    cache_.increment(key, count, ttl).then([this, session](Answer sum) {
        if (!sum.ok()) return;
        const long long all = std::atoll(std::string(sum.text()).c_str());
        std::lock_guard lock(mutex_);
        const long long others = all - session->usesShared;
        session->usesOfOthers =
            static_cast<std::uint32_t>(std::clamp(others, 0LL, 1'000'000'000LL));
    });
}

}  // namespace fnb
