#include "http/http_server.hpp"

#include <future>
#include <mutex>

#include "http/http_listener.hpp"
#include "loop/event_loop.hpp"

namespace totemd {

/// Hands everything to the loop and keeps the order between attaching and closing.
class HttpServer::Impl : public std::enable_shared_from_this<HttpServer::Impl> {
public:
    Impl(EventLoop& loop, ListenerOptions options, HttpHandler handler)
        : loop_(loop),
          listener_(std::make_shared<HttpListener>(loop, std::move(options), std::move(handler))) {}

    HttpListener& listener() { return *listener_; }

    void start() {
        listener_->open();
        onLoop([self = shared_from_this()] {
            const std::lock_guard lock(self->mutex_);
            if (self->closed_) return;
            self->attached_ = true;
            self->listener_->attach();
        });
    }

    template <class Task>
    void onLoop(Task task) {
        if (loop_.inLoop()) {
            task();
        } else {
            loop_.post(std::move(task));
        }
    }

    template <class Use>
    void withListener(Use use) {
        onLoop([listener = listener_, use = std::move(use)] { use(*listener); });
    }

    void close() {
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
            if (!attached_) return;  // the loop has never seen it and will not
        }
        if (loop_.inLoop()) return listener_->closeAll();
        auto closed = std::make_shared<std::promise<void>>();
        std::future<void> done = closed->get_future();
        loop_.post([listener = listener_, closed] {
            listener->closeAll();
            closed->set_value();
        });
        closed.reset();
        try {
            done.get();
        } catch (const std::future_error&) {
            listener_->closeAll();  // the loop has ended, so that no thread uses it any more
        }
    }

private:
    EventLoop& loop_;
    const std::shared_ptr<HttpListener> listener_;
    std::mutex mutex_;
    bool attached_ = false;  // guarded by mutex_
    bool closed_ = false;    // guarded by mutex_
};

HttpServer::HttpServer(EventLoop& loop, ListenerOptions options, HttpHandler handler)
    : impl_(std::make_shared<Impl>(loop, std::move(options), std::move(handler))) {}

HttpServer::~HttpServer() {
    impl_->close();
}

void HttpServer::start() {
    impl_->start();
}
std::uint16_t HttpServer::port() const {
    return impl_->listener().port();
}
HttpStats HttpServer::stats() const {
    return impl_->listener().stats();
}

void HttpServer::drain(std::int64_t timeoutMs, std::function<void(std::size_t cut)> done) {
    impl_->withListener([timeoutMs, done = std::move(done)](HttpListener& listener) {
        listener.drain(timeoutMs, done);
    });
}

void HttpServer::setLimits(const HttpLimits& limits) {
    impl_->withListener([limits](HttpListener& listener) { listener.setLimits(limits); });
}

}  // namespace totemd
