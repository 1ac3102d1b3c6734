#include "portal.hpp"

#include <algorithm>

#include "encoding.hpp"
#include "portal_answers.hpp"

namespace fnb {

using totem::Answer;
using totem::AskOptions;
using totem::HttpOut;
using totem::Status;
using totem::Task;

namespace {

constexpr std::int64_t kLongestBackOffS = 900;
constexpr auto kPart = HealthBoard::Part::kPortal;

const char* errorOf(AccountGate::Entry entry) {
    switch (entry) {
        case AccountGate::Entry::kBackingOff:
            return "fnb_throttled: el portal FNB pidió esperar antes de otra consulta";
        case AccountGate::Entry::kClosed:
            return "fnb_stopping: el servicio se está reiniciando";
        default:
            return "fnb_busy: hay demasiadas consultas en espera";
    }
}

}  // namespace

Portal::Portal(const totem_host* host, const Settings& settings, HealthBoard& health)
    : settings_(settings),
      health_(health),
      http_(host),
      clock_(host),
      log_(host),
      sessions_(host, settings, health),
      gate_(host, settings),
      lookUpUrl_(settings.baseUrl + settings.paths.lookUp + "?numeroDocumento="),
      referer_(settings.baseUrl + settings.paths.lookUpPage) {}

Task<Outcome> Portal::lookUp(std::string dni) {
    const std::int64_t deadline = clock_.monotonicNs() + settings_.timeoutS * kSecond;
    const AccountGate::Entry entry = co_await gate_.enter(deadline);
    if (entry != AccountGate::Entry::kIn) {
        co_return failedOutcome(Channel::kFnb, errorOf(entry));
    }
    AccountGate::Pass pass(gate_);
    for (int attempt = 0;; ++attempt) {
        SessionKeeper::Taken taken = sessions_.tryTake();
        if (!taken.decided()) taken = co_await sessions_.wait(deadline);
        if (!taken.session) co_return failedOutcome(Channel::kFnb, taken.error);
        Answer answer = co_await ask(*taken.session, dni, deadline);
        if (!answer.ok() || answer.body.code() != 401) {
            taken.session->served = true;
            co_return judge(answer);
        }
        sessions_.refuse(taken.session);
        if (attempt == 1) {
            co_return failed("fnb_session_refused: el portal FNB rechazó la sesión",
                             "the portal refuses a new session (401)");
        }
    }
}

Task<Answer> Portal::ask(const Session& session, const std::string& dni, std::int64_t deadlineNs) {
    HttpOut request("GET", lookUpUrl_ + dni + "&tipoDocumento=PE2&idAliado=" +
                               percentEncode(session.allyId) + "&canal=FNB");
    request.header("Authorization", "Bearer " + session.token)
        .header("Accept", "application/json, text/plain, */*")
        .header("Referer", referer_)
        .once();
    AskOptions options;
    options.deadlineNs(deadlineNs);
    Answer answer = co_await http_.ask(request, options);
    // A kept connection that the portal closed just now; a look-up does no harm twice.
    const bool lost = answer.status == Status::kUnknown && clock_.monotonicNs() < deadlineNs;
    if (lost) answer = co_await http_.ask(request, options);
    co_return std::move(answer);
}

Outcome Portal::judge(const Answer& answer) {
    if (!answer.ok()) {
        log_.warning("portal.failed",
                     {{"ask", totem::statusName(answer.status)}, {"reason", answer.text()}});
        const bool late = answer.status == Status::kDeadline || answer.status == Status::kUnknown;
        return late ? failed("fnb_timeout: el portal FNB no respondió a tiempo",
                             "the portal does not answer in time")
                    : failed("fnb_unavailable: no hay conexión con el portal FNB",
                             "the portal cannot be reached");
    }
    const int status = answer.body.code();
    if (status == 429) return throttled(answer);
    if (status != 200) {
        log_.warning("portal.failed", {{"status", status}});
        return failed("fnb_unavailable: el portal FNB no está disponible",
                      "the portal answers with an error; see portal.failed in the log");
    }
    Outcome outcome = readLookUp(answer.text());
    if (outcome.kind == Outcome::Kind::kFailed) {
        log_.warning("portal.failed", {{"status", status}, {"reason", outcome.error}});
        health_.report(kPart, HealthBoard::State::kUnhealthy,
                       "the portal answers something that is no look-up result");
    } else {
        health_.report(kPart, HealthBoard::State::kHealthy);
    }
    return outcome;
}

Outcome Portal::throttled(const Answer& answer) {
    const std::string_view header = answer.body.header("Retry-After");
    const std::int64_t asked =
        readRetryAfter(header, clock_.unixNs() / kSecond).value_or(settings_.backOffS);
    const std::int64_t seconds = std::clamp<std::int64_t>(asked, 1, kLongestBackOffS);
    gate_.backOff(seconds * kSecond);
    log_.warning("portal.throttled", {{"pause_s", seconds}});
    return failed(errorOf(AccountGate::Entry::kBackingOff),
                  "the portal throttles this account (429); lower rate_limit_per_s or concurrency");
}

Outcome Portal::failed(const char* error, const char* forOperator) {
    health_.report(kPart, HealthBoard::State::kUnhealthy, forOperator);
    return failedOutcome(Channel::kFnb, error);
}

}  // namespace fnb
