#include "loop/event_loop.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <future>

using totemd::EventLoop;

TEST_CASE("posted tasks run on the loop's thread in their order") {
    EventLoop loop("test");
    loop.start();
    std::vector<int> order;
    std::promise<bool> done;
    for (int i = 0; i < 100; ++i) loop.post([&order, i] { order.push_back(i); });
    loop.post([&] { done.set_value(loop.inLoop()); });
    REQUIRE(done.get_future().get());
    loop.stop();
    REQUIRE(order.size() == 100);
    REQUIRE(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("timers fire in the order of their time and a cancelled one never does") {
    EventLoop loop("test");
    std::vector<int> order;
    std::promise<void> done;
    loop.after(3'000'000, [&] {
        order.push_back(3);
        done.set_value();
    });
    loop.after(1'000'000, [&] { order.push_back(1); });
    auto cancelled = loop.after(2'000'000, [&] { order.push_back(2); });
    loop.cancel(cancelled);
    loop.start();
    done.get_future().wait();
    loop.stop();
    REQUIRE(order == std::vector<int>{1, 3});
}

TEST_CASE("a handler that closes another ready descriptor keeps that one's handler from running") {
    EventLoop loop("test");
    int a[2], b[2];
    REQUIRE(pipe(a) == 0);
    REQUIRE(pipe(b) == 0);
    REQUIRE(write(a[1], "x", 1) == 1);
    REQUIRE(write(b[1], "x", 1) == 1);
    int calls = 0;
    std::promise<void> done;
    auto handler = [&](std::uint32_t) {
        ++calls;
        loop.unwatch(a[0]);
        loop.unwatch(b[0]);
        done.set_value();
    };
    loop.watch(a[0], EPOLLIN, handler);
    loop.watch(b[0], EPOLLIN, handler);
    loop.start();
    done.get_future().wait();
    loop.stop();
    REQUIRE(calls == 1);
    for (int fd : {a[0], a[1], b[0], b[1]}) close(fd);
}
