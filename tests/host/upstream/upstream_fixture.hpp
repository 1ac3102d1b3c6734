#pragma once

#include <condition_variable>
#include <future>
#include <mutex>
#include <vector>

#include "host/upstream/raw_server.hpp"
#include "loop/event_loop.hpp"
#include "upstream/upstream_client.hpp"

namespace totemd::test {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kSecond = 1'000'000'000;

/// Options that make tests quick: short waits between tries, a breaker that stays closed.
inline UpstreamOptions quickOptions() {
    UpstreamOptions options;
    options.retryBaseNs = kMillisecond;
    options.breaker.consecutiveFailures = 0;
    return options;
}

/// A client on a loop of its own, with a blocking way to ask.
class UpstreamFixture {
public:
    explicit UpstreamFixture(UpstreamOptions options = quickOptions())
        : loop_("upstream"), client(loop_, std::move(options)) {
        loop_.start();
    }
    ~UpstreamFixture() {
        client.stop();
        loop_.stop();
    }

    std::future<UpstreamResult> start(UpstreamRequest request) {
        auto promise = std::make_shared<std::promise<UpstreamResult>>();
        auto future = promise->get_future();
        client.ask(std::move(request),
                   [promise](UpstreamResult&& result) { promise->set_value(std::move(result)); });
        return future;
    }
    UpstreamResult ask(UpstreamRequest request) { return start(std::move(request)).get(); }
    UpstreamResult get(const std::string& url) {
        UpstreamRequest request;
        request.url = url;
        return ask(std::move(request));
    }
    UpstreamResult post(const std::string& url, const std::string& body) {
        UpstreamRequest request;
        request.method = "POST";
        request.url = url;
        request.body = body;
        return ask(std::move(request));
    }
    UpstreamSnapshot only() {
        auto all = client.snapshot();
        return all.empty() ? UpstreamSnapshot{} : all.front();
    }

private:
    EventLoop loop_;

public:
    UpstreamClient client;
};

}  // namespace totemd::test
