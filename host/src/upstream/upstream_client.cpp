#include "upstream/upstream_client.hpp"

#include <future>

#include "upstream/upstream_engine.hpp"

namespace totemd {

class UpstreamClient::Impl {
public:
    Impl(EventLoop& eventLoop, UpstreamOptions options)
        : loop(eventLoop),
          engine(std::make_unique<UpstreamEngine>(
              eventLoop, std::make_shared<const UpstreamRules>(std::move(options)))) {}

    /// Runs `task` on the loop and waits, or at once when there is no loop to wait for.
    void runOnLoop(const std::function<void()>& task) {
        if (loop.inLoop()) return task();
        auto ran = std::make_shared<std::promise<void>>();
        auto waiting = ran->get_future();
        loop.post([task, ran = std::move(ran)] {
            task();
            ran->set_value();
        });
        try {
            waiting.get();
        } catch (const std::future_error&) {
            task();  // the loop has ended and dropped the task
        }
    }

    static void refuse(const UpstreamClient::Done& done) {
        UpstreamResult result;
        result.reason = UpstreamResult::kStopped;
        result.error = "request to an upstream: the daemon stops (nothing was sent)";
        done(std::move(result));
    }

    EventLoop& loop;
    std::unique_ptr<UpstreamEngine> engine;  // the loop's thread only; empty after stop()
};

UpstreamClient::UpstreamClient(EventLoop& loop, UpstreamOptions options)
    : impl_(std::make_unique<Impl>(loop, std::move(options))) {}

UpstreamClient::~UpstreamClient() {
    stop();
}

void UpstreamClient::ask(UpstreamRequest request, Done done) {
    auto ask = std::make_shared<Ask>();
    ask->request = std::move(request);
    ask->done = std::move(done);
    ask->askedNs = monotonicNow();
    impl_->loop.post([impl = impl_.get(), ask = std::move(ask)] {
        if (impl->engine) return impl->engine->accept(std::move(*ask));
        Impl::refuse(ask->done);
    });
}

void UpstreamClient::configure(UpstreamOptions options) {
    auto config = std::make_shared<const UpstreamRules>(std::move(options));
    impl_->loop.post([impl = impl_.get(), config = std::move(config)] {
        if (impl->engine) impl->engine->configure(config);
    });
}

void UpstreamClient::resetBreaker(std::string upstream) {
    impl_->loop.post([impl = impl_.get(), upstream = std::move(upstream)] {
        if (impl->engine) impl->engine->resetBreaker(upstream);
    });
}

std::vector<UpstreamSnapshot> UpstreamClient::snapshot() {
    std::vector<UpstreamSnapshot> result;
    impl_->runOnLoop([&] {
        if (impl_->engine) result = impl_->engine->snapshot();
    });
    return result;
}

void UpstreamClient::stop() {
    impl_->runOnLoop([&] { impl_->engine.reset(); });
}

}  // namespace totemd
