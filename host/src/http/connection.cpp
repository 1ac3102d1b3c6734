#include "http/connection.hpp"

#include <Poco/Net/SocketAddress.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <exception>

#include "http/body_collector.hpp"
#include "http/http_listener.hpp"
#include "http/output_queue.hpp"
#include "http/request_parser.hpp"
#include "http/responder_state.hpp"

namespace totemd {
namespace {

constexpr std::uint32_t kReading = EPOLLIN | EPOLLRDHUP;
/// After the last answer the client has this long to close, so that it can read the answer before
/// a reset for its unread bytes overtakes it.
constexpr std::int64_t kLingerMs = 2'000;
/// Answers up to this size leave as one piece from one buffer.
constexpr std::size_t kContiguousBytes = 64 * 1024;

bool wouldBlock() {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

bool hasNoBody(int status) {
    return status == 204 || status == 304;
}

}  // namespace

Connection::Connection(std::shared_ptr<HttpListener> listener, int fd, const sockaddr_storage& peer)
    : listener_(std::move(listener)), fd_(fd), phaseSince_(monotonicNow()) {
    const auto* address = reinterpret_cast<const sockaddr*>(&peer);
    const Poco::Net::IPAddress host =
        Poco::Net::SocketAddress(
            address, peer.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in))
            .host();
    peerAddress_ = host.toString();
    peerIsLoopback_ = host.isLoopback();
}

Connection::~Connection() {
    if (fd_ >= 0) ::close(fd_);
}

void Connection::open() {
    watched_ = kReading;
    listener_->loop().watch(fd_, watched_, [this](std::uint32_t events) { onEvents(events); });
}

void Connection::watch(std::uint32_t events) {
    if (events == watched_) return;
    watched_ = events;
    listener_->loop().rewatch(fd_, events);
}

void Connection::onEvents(std::uint32_t events) {
    // Both live until the end of the event, whatever a handler closes or destroys.
    const auto self = shared_from_this();
    const auto listener = listener_;
    if ((events & EPOLLERR) != 0 || ((events & EPOLLHUP) != 0 && phase_ != Phase::Lingering)) {
        close();
        return;
    }
    if ((events & EPOLLOUT) != 0 && phase_ == Phase::Writing) {
        continueWriting();
        if (phase_ == Phase::Closed) return;
    }
    if (phase_ == Phase::Lingering) {
        discardInput();
    } else if (phase_ == Phase::Handling || phase_ == Phase::Writing) {
        // One request at a time: what else comes waits in the kernel.
        if ((events & EPOLLRDHUP) != 0) {
            peerClosed_ = true;
            if (const auto responder = responder_.lock()) responder->cancel();
        }
        if ((events & kReading) != 0) {
            watch((phase_ == Phase::Writing ? std::uint32_t{EPOLLOUT} : 0) |
                  (peerClosed_ ? 0 : std::uint32_t{EPOLLRDHUP}));
        }
    } else if ((events & kReading) != 0) {
        onReadable();
    }
}

void Connection::onReadable() {
    // What is already here goes first, or it would grow with every answer.
    if (phase_ == Phase::Idle && !pending_.empty()) return processPending();
    auto& buffer = listener_->readBuffer();
    const ssize_t n = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n <= 0) {
        if (n == 0 || !wouldBlock()) close();
        return;
    }
    const std::string_view received(buffer.data(), static_cast<std::size_t>(n));
    if (!pending_.empty()) {
        pending_.append(received);
        return processPending();
    }
    const std::string_view rest = process(received);
    if (isReading() || isBusy()) pending_ = rest;
}

void Connection::processPending() {
    std::string input;
    input.swap(pending_);
    const std::string_view rest = process(input);
    if (rest.empty() || !(isReading() || isBusy())) return;
    input.erase(0, input.size() - rest.size());
    pending_ = std::move(input);
}

std::string_view Connection::process(std::string_view input) {
    processing_ = true;
    while (!input.empty() && isReading() && step(input)) {
    }
    processing_ = false;
    return input;
}

bool Connection::step(std::string_view& input) {
    if (!parser_) beginRequest();
    const auto before = parser_->state();
    const std::size_t taken = parser_->feed(input);
    input.remove_prefix(taken);
    if (before == RequestParser::State::Head && parser_->state() == RequestParser::State::Body) {
        if (!beginBody(!input.empty())) return false;
    }
    switch (parser_->state()) {
        case RequestParser::State::Head:
            if (input.empty()) endRequest();  // only empty lines so far
            return false;
        case RequestParser::State::Body:
            return taken > 0;
        case RequestParser::State::Done:
            dispatch();
            return phase_ == Phase::Idle;
        case RequestParser::State::Failed:
            rejectFailed();
            return false;
    }
    return false;
}

void Connection::beginRequest() {
    const HttpLimits& limits = listener_->limits();
    parser_ = std::make_unique<RequestParser>(
        RequestParser::Limits{limits.headerBytes, limits.targetBytes, limits.headerCount},
        [this](std::string_view bytes) {
            windowBytes_ += bytes.size();
            return body_->add(bytes);
        });
    phase_ = Phase::Head;
    phaseSince_ = monotonicNow();
}

void Connection::endRequest() {
    parser_.reset();
    body_.reset();
    phase_ = Phase::Idle;
}

void Connection::describe(HttpRequest& request) const {
    request.peerAddress = peerAddress_;
    request.peerIsLoopback = peerIsLoopback_;
    request.listener = listener_->options().name;
    request.receivedUnixNs = unixNow();
}

bool Connection::beginBody(bool moreIsHere) {
    phase_ = Phase::Body;
    phaseSince_ = windowSince_ = monotonicNow();
    windowBytes_ = 0;
    describe(parser_->request());
    const ListenerOptions& options = listener_->options();
    parser_->setBodyLimit(options.bodyLimit ? options.bodyLimit(parser_->request())
                                            : options.limits.bodyBytes);
    body_ = std::make_unique<BodyCollector>(options.limits.spoolThreshold, options.tempDirectory);
    if (parser_->state() == RequestParser::State::Failed ||
        !body_->expect(parser_->contentLength())) {
        rejectFailed();
        return false;
    }
    if (parser_->expectsContinue() && !moreIsHere) {
        constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
        const ssize_t n =
            send(fd_, kContinue.data(), kContinue.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n != static_cast<ssize_t>(kContinue.size())) {
            close();
            return false;
        }
    }
    return true;
}

void Connection::dispatch() {
    HttpRequest request = std::move(parser_->request());
    if (body_) {
        request.body = body_->take();
    } else {
        describe(request);
    }
    endRequest();
    headOnly_ = request.method == "HEAD";
    keepAlive_ = request.keepAlive;
    phase_ = Phase::Handling;
    listener_->counters().requests.fetch_add(1, std::memory_order_relaxed);
    auto state = std::make_shared<ResponderState>(listener_->loop(), weak_from_this());
    responder_ = state;
    inHandler_ = true;
    try {
        listener_->handler()(std::move(request), Responder(std::move(state)));
    } catch (const std::exception& error) {
        handlerFailed(error.what());
    } catch (...) {
        handlerFailed("unknown exception");
    }
    inHandler_ = false;
    if (phase_ == Phase::Closed || !earlyAnswer_) return;
    const auto answer = std::move(earlyAnswer_);
    write(std::move(*answer));
}

void Connection::handlerFailed(const char* what) {
    if (phase_ == Phase::Closed) return;
    listener_->warn(std::string("a request handler failed: ") + what);
    if (const auto state = responder_.lock()) {
        state->send(HttpResponse::problem(500, "the request handler failed"));
    }
}

bool Connection::respond(HttpResponse response) {
    if (phase_ != Phase::Handling) return false;
    if (inHandler_) {
        earlyAnswer_ = std::make_unique<HttpResponse>(std::move(response));
    } else {
        const auto self = shared_from_this();
        write(std::move(response));
    }
    return true;
}

void Connection::rejectFailed() {
    if (body_ && !body_->error().empty()) {
        listener_->warn(body_->error());
        return reject(507, "the body could not be stored");
    }
    const RequestParser::Failure failure = parser_->failure();
    reject(failure.status, failure.detail);
}

void Connection::reject(int status, std::string_view detail) {
    headOnly_ = parser_ && parser_->request().method == "HEAD";
    parser_.reset();
    body_.reset();
    keepAlive_ = false;
    countRefusal(status);
    write(HttpResponse::problem(status, detail));
}

void Connection::countRefusal(int status) {
    HttpListener::Counters& counters = listener_->counters();
    switch (status) {
        case 408:
            ++counters.timedOut;
            break;
        case 413:
            ++counters.body;
            break;
        case 414:
        case 431:
            ++counters.header;
            break;
        case 507:
            ++counters.spool;
            break;
        default:
            ++counters.malformed;
            break;
    }
}

void Connection::write(HttpResponse response) {
    if (!isSendable(response)) {
        listener_->warn("an answer has a status or header that cannot be sent");
        response = HttpResponse::problem(500, "the answer cannot be sent");
    }
    if (listener_->draining() || asksToClose(response)) keepAlive_ = false;
    std::string& out = listener_->writeBuffer();
    out.clear();
    appendHead(out, response, listener_->date().at(unixNow()), keepAlive_);
    if (headOnly_ || hasNoBody(response.status)) response.body = std::string();
    phase_ = Phase::Writing;
    windowSince_ = monotonicNow();
    windowBytes_ = 0;
    auto* text = std::get_if<std::string>(&response.body);
    if (text == nullptr || text->size() > kContiguousBytes) {
        output_ = std::make_unique<OutputQueue>(out, std::move(response.body));
        return continueWriting();
    }
    out += *text;
    const ssize_t n = send(fd_, out.data(), out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n == static_cast<ssize_t>(out.size())) return finishAnswer();
    if (n < 0 && !wouldBlock()) return close();
    output_ = std::make_unique<OutputQueue>(out.substr(n < 0 ? 0 : static_cast<std::size_t>(n)),
                                            std::string());
    watch(EPOLLOUT | (peerClosed_ ? 0 : std::uint32_t{EPOLLRDHUP}));
}

void Connection::continueWriting() {
    switch (output_->write(fd_, windowBytes_)) {
        case OutputQueue::Result::Done:
            return finishAnswer();
        case OutputQueue::Result::Failed:
            return close();
        case OutputQueue::Result::More:
            watch(EPOLLOUT | (peerClosed_ ? 0 : std::uint32_t{EPOLLRDHUP}));
    }
}

void Connection::finishAnswer() {
    output_.reset();
    responder_.reset();
    if (!keepAlive_ || listener_->draining()) return linger();
    phase_ = Phase::Idle;
    phaseSince_ = monotonicNow();
    watch(kReading);
    if (processing_ || pending_.empty()) return;
    // Not from here: an answer may be given deep inside other work.
    listener_->loop().post([weak = weak_from_this()] {
        const auto self = weak.lock();
        if (self && self->phase_ == Phase::Idle && !self->pending_.empty()) {
            self->processPending();
        }
    });
}

void Connection::linger() {
    std::string().swap(pending_);
    shutdown(fd_, SHUT_WR);
    phase_ = Phase::Lingering;
    phaseSince_ = monotonicNow();
    watch(kReading);
}

void Connection::discardInput() {
    auto& buffer = listener_->readBuffer();
    const ssize_t n = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n == 0 || (n < 0 && !wouldBlock())) close();
}

void Connection::drain() {
    if (phase_ != Phase::Idle) return;
    const auto self = shared_from_this();
    onReadable();  // a request that is already here is answered
    if (phase_ == Phase::Idle) close();
}

void Connection::checkTime(std::int64_t now) {
    const auto self = shared_from_this();
    const HttpLimits& limits = listener_->limits();
    const auto since = [now](std::int64_t start) { return (now - start) / kNsPerMs; };
    switch (phase_) {
        case Phase::Idle:
            if (since(phaseSince_) >= limits.keepAliveMs) close();
            break;
        case Phase::Head:
            if (since(phaseSince_) >= limits.headerMs) {
                reject(408, "the header did not arrive in time");
            }
            break;
        case Phase::Body:
            if (since(phaseSince_) >= limits.bodyMs || stalled(now)) {
                reject(408, "the body did not arrive in time");
            }
            break;
        case Phase::Writing:
            if (!stalled(now)) break;
            ++listener_->counters().timedOut;
            close();
            break;
        case Phase::Lingering:
            if (since(phaseSince_) >= kLingerMs) close();
            break;
        case Phase::Handling:
        case Phase::Closed:
            break;
    }
}

bool Connection::stalled(std::int64_t now) {
    const HttpLimits& limits = listener_->limits();
    if (now - windowSince_ < limits.progressMs * kNsPerMs) return false;
    const bool tooSlow = windowBytes_ < limits.progressBytes;
    windowSince_ = now;
    windowBytes_ = 0;
    return tooSlow;
}

void Connection::close() {
    if (phase_ == Phase::Closed) return;
    phase_ = Phase::Closed;
    const auto listener = std::move(listener_);
    listener->loop().unwatch(fd_);
    ::close(fd_);
    fd_ = -1;
    if (const auto responder = responder_.lock()) responder->cancel();
    output_.reset();
    listener->forget(*this);
}

}  // namespace totemd
