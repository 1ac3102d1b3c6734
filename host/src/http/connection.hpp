#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/http_message.hpp"

namespace totemd {

constexpr std::int64_t kNsPerMs = 1'000'000;

class BodyCollector;
class HttpListener;
class OutputQueue;
class RequestParser;
class ResponderState;

/// One accepted socket: reads a request, hands it on, writes the answer, reads the next one.
/// While a request is being answered nothing is read; what was read too far is kept.
///
/// Threads: the loop's. Ownership: the listener's, and for the length of an event its own, since
/// closing may happen deep inside one. An idle connection owns no buffers.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(std::shared_ptr<HttpListener> listener, int fd, const sockaddr_storage& peer);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void open();
    /// The answer to the request in progress. False when the connection is gone.
    bool respond(HttpResponse response);
    /// Closes it when its time is over. `now` is monotonic.
    void checkTime(std::int64_t now);
    /// Ends it now when it is idle, else after its answer.
    void drain();
    void close();
    /// A request is being answered.
    bool isBusy() const { return phase_ == Phase::Handling || phase_ == Phase::Writing; }

private:
    enum class Phase { Idle, Head, Body, Handling, Writing, Lingering, Closed };

    void onEvents(std::uint32_t events);
    void onReadable();
    void discardInput();

    // Reading. `process` returns what it did not take.
    void processPending();
    std::string_view process(std::string_view input);
    bool step(std::string_view& input);  // false: nothing more to do with this input now
    void beginRequest();
    bool beginBody(bool moreIsHere);
    void endRequest();
    void describe(HttpRequest& request) const;

    // Answering.
    void dispatch();
    void handlerFailed(const char* what);
    void rejectFailed();
    void reject(int status, std::string_view detail);
    void countRefusal(int status);
    void write(HttpResponse response);
    void continueWriting();
    void finishAnswer();
    void linger();

    bool stalled(std::int64_t now);
    void watch(std::uint32_t events);
    bool isReading() const {
        return phase_ == Phase::Idle || phase_ == Phase::Head || phase_ == Phase::Body;
    }

    std::shared_ptr<HttpListener> listener_;  // released when closed
    int fd_;
    Phase phase_ = Phase::Idle;
    bool peerIsLoopback_ = false;
    bool peerClosed_ = false;
    bool inHandler_ = false;
    bool processing_ = false;
    bool keepAlive_ = false;  // of the answer being made
    bool headOnly_ = false;
    std::uint32_t watched_ = 0;
    std::int64_t phaseSince_ = 0;   // monotonic
    std::int64_t windowSince_ = 0;  // progress is measured from here
    std::uint64_t windowBytes_ = 0;
    std::string peerAddress_;
    std::string pending_;  // received, not yet taken by the parser
    std::unique_ptr<RequestParser> parser_;
    std::unique_ptr<BodyCollector> body_;
    std::unique_ptr<OutputQueue> output_;
    std::unique_ptr<HttpResponse> earlyAnswer_;  // given inside the handler
    std::weak_ptr<ResponderState> responder_;
};

}  // namespace totemd
