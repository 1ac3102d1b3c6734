#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace totemd {

using UpstreamHeaders = std::vector<std::pair<std::string, std::string>>;

struct UpstreamCredentials {
    enum Scheme { kBasic, kDigest };
    Scheme scheme = kBasic;
    std::string user;
    std::string password;
};

/// One request to the outside. A value: whoever fills it gives it away with `ask`.
struct UpstreamRequest {
    std::string method = "GET";
    std::string url;  ///< absolute, http or https
    UpstreamHeaders headers;
    std::string body;
    /// CLOCK_MONOTONIC nanoseconds (`monotonicNow()`): the end of everything, waiting in the queue,
    /// retries and redirects included. 0: `LaneOptions::defaultTimeoutNs` from now.
    std::int64_t deadlineNs = 0;
    /// Asking twice does no harm. Without a value: true for GET, HEAD and OPTIONS.
    /// Only what is repeatable is ever sent a second time after it may have arrived.
    std::optional<bool> repeatable;
    std::uint64_t maxResponseBytes =
        0;                 ///< counted after decompression; 0: the upstream's own limit
    int maxRedirects = 0;  ///< as many are followed; the next 3xx is the response
    bool verifyTls = true;
    /// `http://[user:password@]host:port`. Without one the request goes direct, whatever the
    /// environment says. The address policy sees the proxy's address, not what lies behind it.
    std::optional<std::string> proxy;
    std::optional<UpstreamCredentials> credentials;
    /// Polled a few times per second, on the loop's thread: cheap and without locks that wait.
    std::function<bool()> cancelled;
};

/// What became of a request. A caller that decides whether to ask again needs `outcome` alone.
struct UpstreamResult {
    enum Outcome {
        kResponse,  ///< a complete answer; `status` says which, 5xx included
        kNotSent,   ///< certainly nothing reached the other side: asking again is always safe
        kFailed,    ///< may have arrived, but the request was repeatable: asking again is safe
        kUnknown,   ///< may have happened there, and happening twice would matter: find out first
    };
    enum Reason {
        kNone,  ///< there is a response
        kInvalidRequest,
        kPolicy,        ///< the address is forbidden, or a redirect left http and https
        kResolve,       ///< the name has no address
        kConnect,       ///< refused, unreachable, connect time-out, TLS handshake
        kBreakerOpen,   ///< refused here; the upstream failed too often lately
        kBulkheadFull,  ///< refused here; too many wait for this upstream already
        kCancelled,
        kDeadline,
        kConnectionLost,  ///< closed or reset before the response was complete
        kTooLarge,        ///< the response is over its cap; `status` is set
        kBadResponse,     ///< not HTTP, or in a broken encoding
        kStopped,         ///< the client was stopped
    };
    Outcome outcome = kNotSent;
    Reason reason = kNone;
    int status = 0;  ///< also set without kResponse when the status line had come
    UpstreamHeaders headers;
    std::string body;
    /// For people: host:port, what happened, what to do. Never credentials, paths or queries.
    std::string error;
    std::string url;   ///< where the response came from, after redirects
    int attempts = 0;  ///< how many times it was given to a connection, redirects included
    /// Nanoseconds since `ask`; 0 when not reached.
    std::int64_t startedNs = 0;    ///< left the queue (last attempt)
    std::int64_t connectedNs = 0;  ///< connection usable, TLS included (last attempt)
    std::int64_t firstByteNs = 0;  ///< first byte of the response (last attempt)
    std::int64_t totalNs = 0;

    bool safeToRepeat() const { return outcome == kNotSent || outcome == kFailed; }
    /// The first header of that name (any case), or nullptr.
    const std::string* header(const char* name) const;
};

}  // namespace totemd
