#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace totemd {

class Database;

/// A request as it came in, kept because its plugin could not take it.
struct RawRequest {
    std::int64_t seq = 0;
    std::string plugin, listener, route, method, target;
    std::string headers;  ///< JSON text: [[name, value], ...]
    std::string body;     ///< bytes
    std::string peer;
    std::string trace;  ///< W3C traceparent: it goes on with the next attempt
    std::int64_t receivedUnixNs = 0;
    std::string reason;
    int attempts = 0;  ///< how often it was taken for replay
};

struct RequestsOptions {
    std::int64_t maxCount = 100'000;
    std::int64_t maxBytes = std::int64_t{1} << 30;
    int maxAttempts = 8;  ///< then it is a dead letter
    std::int64_t backoffNs = 1'000'000'000;
    std::int64_t maxBackoffNs = 300'000'000'000;
    std::int64_t unavailableNs = 1'000'000'000;
};

/// The undecoded intake: raw requests that were answered 2xx and wait for their plugin.
///
/// Threads: everything from anywhere; callbacks on the writer thread after the commit, must not
/// block.
class Requests {
public:
    /// `seq` 0 and a reason when it was not accepted.
    using AddDone = std::function<void(std::int64_t seq, std::string reason)>;
    using TakeDone = std::function<void(std::vector<RawRequest>)>;
    enum class End {
        Done,
        Dead,
        Retry,        ///< after a back-off; a dead letter after the last attempt
        Unavailable,  ///< after a back-off, the attempt is given back
    };
    enum class Which { Due, All };

    /// Counts what earlier lives left; blocks. Throws std::runtime_error if it cannot be read.
    Requests(Database& database, RequestsOptions options);
    ~Requests();
    Requests(const Requests&) = delete;
    Requests& operator=(const Requests&) = delete;

    void add(RawRequest request, AddDone done);
    /// The oldest `limit` waiting requests of the plugin, each counted as an attempt, durably;
    /// fewer when their bodies come to 16 MB, since all of them are in memory at once. `Due` leaves
    /// out those in their back-off. None while something of the plugin is in hand: taken, and not
    /// yet told by `finish` how it ended.
    void take(const std::string& plugin, int limit, Which which, TakeDone done);
    void finish(std::int64_t seq, End end, std::string error = {});
    /// Lets an ended request wait again, with attempts from 0 (a decode bug was mended).
    void replay(std::int64_t seq, std::function<void(bool found)> done);
    std::int64_t waiting() const;
    /// Counts again what waits: rows were deleted behind its back.
    void recount();

private:
    class Shelf;
    std::unique_ptr<Shelf> shelf_;
};

}  // namespace totemd
