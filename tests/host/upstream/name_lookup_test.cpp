#include <dlfcn.h>
#include <netdb.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "host/upstream/upstream_fixture.hpp"

using namespace totemd;
using namespace totemd::test;

namespace {

/// Holds every look-up of "slow.test" until it is opened, and counts them.
struct SlowNames {
    std::mutex mutex;
    std::condition_variable changed;
    bool open = false;
    int now = 0;
    int most = 0;
    int total = 0;

    void wait() {
        std::unique_lock lock(mutex);
        most = std::max(most, ++now);
        ++total;
        changed.notify_all();
        changed.wait(lock, [&] { return open; });
        --now;
        changed.notify_all();
    }
    void waitForLookups(int count) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return total >= count; });
    }
    void release() {
        std::unique_lock lock(mutex);
        open = true;
        changed.notify_all();
        changed.wait(lock, [&] { return now == 0; });
    }
    void restart() {
        std::lock_guard lock(mutex);
        open = false;
        now = most = total = 0;
    }
};

SlowNames& slowNames() {
    static SlowNames names;
    return names;
}

}  // namespace

// In front of the C library's: libcurl's threads come here.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** result) {
    using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const auto real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
    if (node == nullptr || std::strcmp(node, "slow.test") != 0) {
        return real(node, service, hints, result);
    }
    slowNames().wait();
    return real("127.0.0.1", service, hints, result);
}

TEST_CASE("a name server that does not answer holds up nobody else, and its request is not sent") {
    slowNames().restart();
    RawServer server([](const auto&) -> RawServer::Reply { return {answer(200)}; });
    UpstreamOptions options = quickOptions();
    options.connectTimeoutNs = 100 * kSecond;
    UpstreamFixture upstream(options);
    UpstreamRequest request;
    request.method = "POST";
    request.url = "http://slow.test:" + std::to_string(server.port()) + "/";
    request.deadlineNs = monotonicNow() + 100 * kSecond;
    auto cancelled = std::make_shared<std::atomic<bool>>(false);
    request.cancelled = [cancelled] { return cancelled->load(); };
    auto waiting = upstream.start(request);
    slowNames().waitForLookups(1);
    CHECK(upstream.post(server.url("/"), "x").status == 200);
    UpstreamRequest hasty = request;
    hasty.deadlineNs = monotonicNow() + 20 * kMillisecond;
    const auto late = upstream.ask(hasty);
    CHECK(late.outcome == UpstreamResult::kNotSent);
    CHECK(late.reason == UpstreamResult::kDeadline);
    *cancelled = true;
    const auto gone = waiting.get();
    CHECK(gone.outcome == UpstreamResult::kNotSent);
    CHECK(gone.reason == UpstreamResult::kCancelled);
    CHECK(upstream.post(server.url("/"), "x").status == 200);
    slowNames().release();
    CHECK(server.arrivalCount() == 2);
}

TEST_CASE("a burst towards a new name looks it up a few times, not once per request") {
    slowNames().restart();
    RawServer server([](const auto&) -> RawServer::Reply { return {answer(200)}; });
    UpstreamOptions options = quickOptions();
    options.connectTimeoutNs = 100 * kSecond;
    UpstreamFixture upstream(options);
    std::vector<std::future<UpstreamResult>> asked;
    for (int i = 0; i < 200; ++i) {
        UpstreamRequest request;
        request.url = "http://slow.test:" + std::to_string(server.port()) + "/";
        request.deadlineNs = monotonicNow() + 100 * kSecond;
        asked.push_back(upstream.start(std::move(request)));
    }
    slowNames().waitForLookups(8);
    CHECK(upstream.only().inFlight == 8);
    CHECK(upstream.only().queued == 192);
    slowNames().release();
    for (auto& one : asked) CHECK(one.get().status == 200);
    CHECK(slowNames().most == 8);
    CHECK(slowNames().total == 8);
}
