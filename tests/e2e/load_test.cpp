// Thousands of customers who wait for a slow portal cost memory only, and nobody else waits with them.

#include <sys/resource.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "e2e/demo.hpp"
#include "e2e/stand_in.hpp"

using Catch::Contains;
using nlohmann::json;
using totem_test::pollUntil;
using totem_test::reply;
using totem_test::StandIn;
using totem_test::TestDaemon;
using namespace std::chrono_literals;

namespace {

constexpr int kCustomers = 5000;

/// A portal that knows everybody and answers look-ups only when it is let.
class SlowPortal {
public:
    SlowPortal() : server_([this](const StandIn::Request& request) { return answer(request); }) {}
    ~SlowPortal() { release(); }

    std::string url() const { return server_.url(); }
    int waiting() const { return waiting_; }
    void hold() {
        std::lock_guard lock(mutex_);
        held_ = true;
    }
    void release() {
        std::lock_guard lock(mutex_);
        held_ = false;
        released_.notify_all();
    }

private:
    std::string answer(const StandIn::Request& request) {
        if (request.method == "POST") {
            // A JWT with {"commercialAllyId":4471}
            return reply(200, R"({"valid":true,"data":{"authToken":)"
                              R"("eyJhbGciOiJub25lIn0.eyJjb21tZXJjaWFsQWxseUlkIjo0NDcxfQ.c2ln"}})");
        }
        std::unique_lock lock(mutex_);
        ++waiting_;
        released_.wait(lock, [this] { return !held_; });
        --waiting_;
        return reply(200, R"({"valid":true,"data":{"nombre":"ANA PEREZ","lineaCredito":5000,)"
                          R"("tieneLineaCredito":true}})");
    }

    std::mutex mutex_;
    std::condition_variable released_;
    bool held_ = false;
    std::atomic<int> waiting_{0};
    StandIn server_;
};

/// A desk where every conversation is the bot's; counts the answers that arrive.
class Desk {
public:
    Desk() : server_([this](const StandIn::Request& request) { return answer(request); }) {}
    std::string url() const { return server_.url(); }
    int answers() const { return answers_; }

private:
    std::string answer(const StandIn::Request& request) {
        if (request.method == "POST") {
            return reply(200, json{{"id", 100000 + ++answers_}}.dump());
        }
        return reply(200, R"({"id":1,"status":"pending","meta":{"channel":"Channel::Api"}})");
    }
    std::atomic<int> answers_{0};
    StandIn server_;
};

json message(int conversation, const std::string& text) {
    return {{"event", "message_created"},
            {"id", 1000000 + conversation},
            {"content", text},
            {"message_type", "incoming"},
            {"account", {{"id", 1}}},
            {"conversation", {{"id", conversation}, {"status", "pending"}}},
            {"sender", {{"id", conversation}, {"name", "Ana"}}}};
}

std::size_t threadsOf(int pid) {
    namespace fs = std::filesystem;
    const fs::path tasks = "/proc/" + std::to_string(pid) + "/task";
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(tasks), fs::directory_iterator()));
}

long residentKb(int pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.rfind("VmRSS:", 0) == 0) return std::strtol(line.c_str() + 6, nullptr, 10);
    }
    return 0;
}

}  // namespace

TEST_CASE("five thousand customers who wait for a slow portal hold nobody else up") {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_max < 3 * kCustomers) {
        WARN("skipped: " << 3 * kCustomers << " open files are needed; ulimit -Hn says "
                         << files.rlim_max);
        return;
    }
    SlowPortal portal;
    Desk desk;
    const json limits{{"connections", 2 * kCustomers}, {"timeout_s", 120}};
    TestDaemon daemon(
        {{"upstream", {{"connections", 2 * kCustomers}, {"limits", limits}}},
         {"plugins",
          {{"flows", {{"config", {{"directory", TOTEM_SOURCE_FLOWS}}}}},
           {"chatwoot",
            {{"config",
              {{"base_url", desk.url()}, {"account_id", 1}, {"bot_token", "bot"}}}}},
           {"fnb",
            {{"config",
              {{"base_url", portal.url()},
               {"username", "ally"},
               {"password", "word"},
               {"timeout_s", 120},
               {"concurrency", 2 * kCustomers},
               {"queue", 2 * kCustomers},
               {"max_lookups_per_session", 0},
               {"result_cache_s", 0}}}}}}}});
    const auto say = [&](int conversation, const std::string& text) {
        return daemon.post("main", "/webhook/chatwoot", message(conversation, text)).status;
    };
    const auto dni = [](int customer) { return std::to_string(20000000 + customer); };

    // Everything has run once: what is there now is what a busy daemon needs.
    for (int i = 1; i <= 20; ++i) REQUIRE(say(i, "mi dni " + dni(i)) == 200);
    REQUIRE(pollUntil(30s, [&] { return desk.answers() == 20; }));
    const std::size_t threads = threadsOf(daemon.pid());
    const long memory = residentKb(daemon.pid());

    portal.hold();
    std::vector<std::thread> senders;
    std::atomic<int> next{0}, refused{0};
    for (int i = 0; i < 4; ++i) {
        senders.emplace_back([&] {
            for (int customer = next++; customer < kCustomers; customer = next++) {
                if (say(100 + customer, "mi dni " + dni(100 + customer)) != 200) ++refused;
            }
        });
    }
    for (std::thread& sender : senders) sender.join();
    CHECK(refused == 0);
    REQUIRE(pollUntil(60s, [&] { return portal.waiting() == kCustomers; }));

    // All of them wait; another conversation and the daemon itself do not.
    CHECK(say(99, "hola") == 200);
    REQUIRE(pollUntil(30s, [&] { return desk.answers() == 21; }));
    CHECK(daemon.get("admin", "/readyz").status == 200);
    CHECK(portal.waiting() == kCustomers);
    CHECK(threadsOf(daemon.pid()) <= threads);
    const long each = (residentKb(daemon.pid()) - memory) * 1024 / kCustomers;
    INFO("memory of one waiting customer: " << each << " bytes");
    if (!TOTEM_TEST_SANITIZED) CHECK(each < 64 * 1024);

    portal.release();
    REQUIRE(pollUntil(60s, [&] { return desk.answers() == 21 + kCustomers; }));
    CHECK(daemon.get("admin", "/api/v1/events?state=dead").json().at("events").empty());
    CHECK(threadsOf(daemon.pid()) <= threads);
}
