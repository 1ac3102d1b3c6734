#include "upstream/verdict.hpp"

#include <cstring>

namespace totemd {
namespace {

std::string seconds(std::int64_t ns) {
    std::string text = std::to_string(ns / 100'000'000);
    text.insert(text.size() - 1, text.size() == 1 ? "0." : ".");
    return text + " s";
}

UpstreamResult::Reason reasonOf(const AttemptFacts& facts) {
    if (!facts.refusal.empty() && !facts.sent) return UpstreamResult::kPolicy;
    if (facts.tooLarge || facts.code == CURLE_FILESIZE_EXCEEDED) return UpstreamResult::kTooLarge;
    switch (facts.code) {
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
            return UpstreamResult::kResolve;
        case CURLE_OPERATION_TIMEDOUT:
            return facts.deadlinePassed || facts.sent ? UpstreamResult::kDeadline
                                                      : UpstreamResult::kConnect;
        case CURLE_COULDNT_CONNECT:
            return UpstreamResult::kConnect;
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_GOT_NOTHING:
        case CURLE_PARTIAL_FILE:
        case CURLE_SEND_FAIL_REWIND:
        case CURLE_ABORTED_BY_CALLBACK:
            return facts.sent ? UpstreamResult::kConnectionLost : UpstreamResult::kConnect;
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL:
            return facts.sent ? UpstreamResult::kBadResponse : UpstreamResult::kInvalidRequest;
        default:
            return facts.sent ? UpstreamResult::kBadResponse : UpstreamResult::kConnect;
    }
}

std::string whyNoConnection(const AttemptFacts& facts) {
    if (facts.code == CURLE_OPERATION_TIMEDOUT) {
        return "no connection within " + seconds(facts.connectTimeoutNs) +
               "; check that it runs and that no firewall drops the packets";
    }
    if (facts.code == CURLE_COULDNT_CONNECT && facts.osError != 0) {
        return "could not connect (" + std::string(std::strerror(static_cast<int>(facts.osError))) +
               "); check that it runs and listens there";
    }
    if (facts.code == CURLE_PEER_FAILED_VERIFICATION) {
        return "its TLS certificate was not accepted (" + facts.detail +
               "); install the issuer's certificate on this machine";
    }
    return "no connection (" + facts.detail + ")";
}

std::string sentence(const AttemptFacts& facts, UpstreamResult::Reason reason) {
    const std::string status =
        facts.status == 0 ? "" : " after status " + std::to_string(facts.status);
    switch (reason) {
        case UpstreamResult::kPolicy:
            return "the address is forbidden: " + facts.refusal;
        case UpstreamResult::kTooLarge:
            return "the response" + status + " is larger than " + std::to_string(facts.maxBytes) +
                   " bytes; ask for less or raise the limit";
        case UpstreamResult::kResolve:
            return "the name has no address; check its spelling and DNS, or map it in "
                   "upstream.connect_to";
        case UpstreamResult::kConnect:
            return whyNoConnection(facts);
        case UpstreamResult::kDeadline:
            return facts.sent ? "no complete response before the deadline" + status
                              : "the deadline passed before a connection was ready";
        case UpstreamResult::kConnectionLost:
            return "the connection was lost before the response was complete" + status +
                   (facts.resendStopped ? "; not sent a second time" : "");
        case UpstreamResult::kInvalidRequest:
            return "the URL cannot be used (" + facts.detail + ")";
        default:
            return "the response" + status + " cannot be read (" + facts.detail + ")";
    }
}

}  // namespace

UpstreamResult::Outcome outcomeOf(bool sent, bool repeatable) {
    if (!sent) return UpstreamResult::kNotSent;
    return repeatable ? UpstreamResult::kFailed : UpstreamResult::kUnknown;
}

const char* meaningOf(UpstreamResult::Outcome outcome) {
    switch (outcome) {
        case UpstreamResult::kNotSent:
            return " (nothing was sent)";
        case UpstreamResult::kUnknown:
            return " (it may have been carried out: look before asking again)";
        default:
            return "";
    }
}

void judge(const AttemptFacts& facts, UpstreamResult& result) {
    result.reason = reasonOf(facts);
    result.outcome = outcomeOf(facts.sent, facts.repeatable);
    result.error = facts.place + ": " + sentence(facts, result.reason);
}

}  // namespace totemd
