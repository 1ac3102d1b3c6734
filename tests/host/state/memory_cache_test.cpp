#include "state/memory_cache.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

using namespace totemd;

namespace {

struct Clocked {
    explicit Clocked(MemoryCacheOptions options = {}) : cache(withClock(std::move(options))) {}
    MemoryCacheOptions withClock(MemoryCacheOptions options) {
        options.clock = [this] { return now; };
        return options;
    }
    std::int64_t now = 1'000;
    MemoryCache cache;
};

}  // namespace

TEST_CASE("a value is there until its time is over") {
    Clocked test;
    CHECK(test.cache.set("session", "abc", 100));
    test.now += 99;
    CHECK(test.cache.get("session") == "abc");
    test.now += 1;
    CHECK(test.cache.get("session") == std::nullopt);
    CHECK(test.cache.counts().entries == 0);
    CHECK(test.cache.counts().hits == 1);
    CHECK(test.cache.counts().misses == 1);
}

TEST_CASE("a value without a time to live stays, and a new one replaces value and time") {
    Clocked test;
    test.cache.set("k", "old", 10);
    test.cache.set("k", "new", 0);
    test.now += 1'000'000'000'000;
    CHECK(test.cache.get("k") == "new");
    CHECK(test.cache.counts().entries == 1);
}

TEST_CASE("erase says whether something was there") {
    Clocked test;
    test.cache.set("k", "v", 10);
    CHECK(test.cache.erase("k"));
    CHECK_FALSE(test.cache.erase("k"));
    test.cache.set("k", "v", 10);
    test.now += 10;
    CHECK_FALSE(test.cache.erase("k"));
    CHECK(test.cache.counts().bytes == 0);
}

TEST_CASE("the least recently used value makes room") {
    MemoryCacheOptions options;
    options.maxEntries = 3;
    Clocked test(options);
    for (const char* key : {"a", "b", "c"}) test.cache.set(key, "v", 0);
    test.cache.get("a");
    test.cache.set("d", "v", 0);
    CHECK(test.cache.get("b") == std::nullopt);
    CHECK(test.cache.get("a").has_value());
    CHECK(test.cache.get("c").has_value());
    CHECK(test.cache.get("d").has_value());
    CHECK(test.cache.counts().evicted == 1);
}

TEST_CASE("bytes are bounded too, and what can never fit is refused and forgets the old value") {
    MemoryCacheOptions options;
    options.maxBytes = 2'000;
    Clocked test(options);
    for (int i = 0; i < 100; ++i) {
        CHECK(test.cache.set("key" + std::to_string(i), std::string(300, 'x'), 0));
        CHECK(test.cache.counts().bytes <= 2'000);
    }
    CHECK(test.cache.get("key99").has_value());
    CHECK_FALSE(test.cache.set("key99", std::string(2'000, 'x'), 0));
    CHECK(test.cache.get("key99") == std::nullopt);
}

TEST_CASE("a counter counts within its window and begins anew after it") {
    Clocked test;
    CHECK(test.cache.increment("rate", 1, 100) == 1);
    test.now += 60;
    CHECK(test.cache.increment("rate", 1, 100) == 2);
    CHECK(test.cache.get("rate") == "2");
    test.now += 40;  // the window began with the first
    CHECK(test.cache.increment("rate", 5, 100) == 5);
    CHECK(test.cache.increment("rate", -7, 100) == -2);
}

TEST_CASE("what is no number, or would overflow, is not counted") {
    Clocked test;
    test.cache.set("text", "12x", 0);
    CHECK(test.cache.increment("text", 1, 0) == std::nullopt);
    CHECK(test.cache.get("text") == "12x");
    test.cache.set("large", "9223372036854775807", 0);
    CHECK(test.cache.increment("large", 1, 0) == std::nullopt);
    CHECK(test.cache.increment("large", -1, 0) == 9223372036854775806);
}

TEST_CASE("a lock has one holder, who alone can prolong and give it back") {
    Clocked test;
    CHECK(test.cache.lock("login", "one", 100));
    CHECK_FALSE(test.cache.lock("login", "two", 100));
    CHECK_FALSE(test.cache.unlock("login", "two"));
    test.now += 90;
    CHECK(test.cache.lock("login", "one", 100));
    test.now += 90;
    CHECK_FALSE(test.cache.lock("login", "two", 100));
    CHECK(test.cache.unlock("login", "one"));
    CHECK_FALSE(test.cache.unlock("login", "one"));
    CHECK(test.cache.lock("login", "two", 100));
}

TEST_CASE("a lock that was not given back ends by itself") {
    Clocked test;
    CHECK(test.cache.lock("login", "one", 100));
    test.now += 100;
    CHECK(test.cache.lock("login", "two", 100));
    CHECK_FALSE(test.cache.unlock("login", "one"));
    test.now += 100;
    CHECK_FALSE(test.cache.unlock("login", "two"));
}

TEST_CASE("locks need an end, are bounded, and values never push them out") {
    MemoryCacheOptions options;
    options.maxLocks = 2;
    options.maxEntries = 1;
    Clocked test(options);
    CHECK_FALSE(test.cache.lock("l", "t", 0));
    CHECK(test.cache.lock("a", "t", 100));
    CHECK(test.cache.lock("b", "t", 200));
    CHECK_FALSE(test.cache.lock("c", "t", 100));
    for (int i = 0; i < 10; ++i) test.cache.set(std::to_string(i), "v", 0);
    CHECK_FALSE(test.cache.lock("a", "other", 100));
    test.now += 100;
    CHECK(test.cache.lock("c", "t", 100));
}

TEST_CASE("sweep gives the memory of what has expired back") {
    Clocked test;
    for (int i = 0; i < 10; ++i) test.cache.set(std::to_string(i), "v", i < 7 ? 10 : 0);
    test.cache.lock("l", "t", 10);
    test.now += 10;
    test.cache.sweep();
    CHECK(test.cache.counts().entries == 3);
    CHECK(test.cache.counts().locks == 0);
}

TEST_CASE("many threads count exactly and one of them holds the lock") {
    MemoryCache cache;
    std::atomic<int> holders{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            if (cache.lock("once", std::to_string(t), 60'000'000'000)) ++holders;
            for (int i = 0; i < 2'000; ++i) {
                cache.increment("total", 1, 0);
                cache.set("k" + std::to_string(i % 50), "v", 1'000'000);
                cache.get("k" + std::to_string(i % 50));
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(cache.get("total") == "8000");
    CHECK(holders == 1);
}
