// What was answered with a 2xx is never lost and never answered twice, whatever happens to the daemon.

#include <signal.h>
#include <sys/wait.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "e2e/demo.hpp"
#include "e2e/stand_in.hpp"

using Catch::Contains;
using nlohmann::json;
using totem_test::askHttp;
using totem_test::Demo;
using totem_test::DemoPorts;
using totem_test::HttpReply;
using totem_test::pollUntil;
using totem_test::reply;
using totem_test::Sandbox;
using totem_test::StandIn;
using totem_test::TestDaemon;
using namespace std::chrono_literals;

namespace {

/// Stands between Chatwoot and the daemon: takes every webhook and brings it again until the daemon
/// has said 2xx, since Chatwoot itself gives up when nobody listens.
class Relay {
public:
    explicit Relay(int daemonPort)
        : daemonPort_(daemonPort), server_([this](const StandIn::Request& request) {
              std::lock_guard lock(mutex_);
              waiting_.push_back(request);
              changed_.notify_one();
              return reply(200, "{}");
          }) {
        for (int i = 0; i < 4; ++i) threads_.emplace_back([this] { bring(); });
    }
    ~Relay() {
        {
            std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        changed_.notify_all();
        for (std::thread& thread : threads_) thread.join();
    }

    std::string url() const { return server_.url(); }
    /// Customers' messages that the daemon has answered with a 2xx.
    std::size_t accepted() const { return accepted_; }

private:
    void bring() {
        for (;;) {
            StandIn::Request request;
            {
                std::unique_lock lock(mutex_);
                changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
                if (stopping_) return;
                request = std::move(waiting_.front());
                waiting_.pop_front();
            }
            const json body = json::parse(request.body);
            const bool customers = body.value("event", "") == "message_created" &&
                                   body.value("message_type", "") == "incoming";
            while (!stopping_ && !send(request)) std::this_thread::sleep_for(20ms);
            if (customers) ++accepted_;
        }
    }

    bool send(const StandIn::Request& request) const {
        std::vector<std::pair<std::string, std::string>> headers;
        for (const char* name : {"content-type", "x-chatwoot-delivery", "x-chatwoot-timestamp",
                                 "x-chatwoot-signature"}) {
            headers.emplace_back(name, request.headers.at(name));
        }
        const HttpReply answer =
            askHttp(daemonPort_, "POST", "/webhook/chatwoot", request.body, headers);
        return answer.status >= 200 && answer.status < 300;
    }

    const int daemonPort_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<StandIn::Request> waiting_;
    std::atomic<bool> stopping_{false};
    std::atomic<std::size_t> accepted_{0};
    std::vector<std::thread> threads_;
    StandIn server_;  // last: its script uses the rest
};

std::string phoneOf(int customer) {
    return "519" + std::to_string(10000000 + customer);
}

std::string dniOf(int customer) {
    return std::to_string(20000000 + customer);
}

std::string nameOf(int customer) {
    return "PERSONA " + std::to_string(customer) + " FIN";
}

/// All events of one type from one connector, page by page.
std::vector<json> allEvents(const TestDaemon& daemon, const std::string& type,
                            const std::string& source) {
    std::vector<json> found;
    std::string before;
    for (;;) {
        const json page =
            daemon.get("admin", "/api/v1/events?limit=500&type=" + type + "&before=" + before)
                .json();
        for (const json& event : page.at("events")) {
            if (event.at("source") == source) found.push_back(event);
        }
        if (page.at("next").is_null()) return found;
        before = page.at("next").dump();
    }
}

}  // namespace

TEST_CASE("a thousand messages and a kill in the middle: each is handled and answered once") {
    constexpr int kCustomers = 1000;
    json people = json::array();
    for (int i = 0; i < kCustomers; ++i) {
        people.push_back({{"dni", dniOf(i)},
                          {"name", nameOf(i)},
                          {"credit_line", 1000.0 + i},
                          {"has_line", true}});
    }
    const DemoPorts ports;
    Relay relay(ports.main);
    const json world{{"chatwoot", {{"agent_bot", {{"outgoing_url", relay.url()}}}}},
                     {"fnb", {{"people", people}, {"session", {{"max_lookups", 100000}}}}}};
    Demo demo({{"plugins",
                {{"sandbox", {{"config", world}}},
                 {"evolution", {{"enabled", false}}},
                 {"fnb", {{"config", {{"max_lookups_per_session", 0}}}}}}}},
              Demo::kOutside, ports);
    const Sandbox& sandbox = demo.sandbox();

    std::thread customers([&] {
        for (int i = 0; i < kCustomers; ++i) sandbox.say(phoneOf(i), "mi dni: " + dniOf(i));
    });
    const bool middle = pollUntil(60s, [&] { return relay.accepted() >= kCustomers / 3; });
    demo.daemon().kill();
    const std::size_t before = relay.accepted();
    demo.daemon().start();
    customers.join();
    REQUIRE(middle);
    CHECK(before < kCustomers);

    REQUIRE(pollUntil(60s, [&] { return relay.accepted() == kCustomers; }));
    REQUIRE(demo.waitUntilHandled());
    const std::vector<json> events =
        allEvents(demo.daemon(), "message.received", "chatwoot/1");
    CHECK(events.size() == kCustomers);
    for (const json& event : events) {
        for (const json& delivery : event.at("deliveries")) {
            if (delivery.at("state") != "done") FAIL_CHECK(event.dump());
        }
    }
    CHECK(demo.daemon().get("admin", "/api/v1/dead-letters").json().at("effects").empty());
    for (int i = 0; i < kCustomers; ++i) {
        const std::vector<std::string> received = sandbox.received(phoneOf(i), 1);
        INFO(phoneOf(i));
        CHECK(received.size() == 1);
        CHECK(sandbox.answers(phoneOf(i)).size() == 1);
        if (!received.empty()) CHECK_THAT(received[0], Contains(nameOf(i)));
    }
}

TEST_CASE("Chatwoot is away longer than all attempts together: the answer comes once it is back") {
    const DemoPorts ports;
    const json hasty{{"attempt_timeout_s", 3}, {"max_attempts", 3}};
    const json away{{"chatwoot", {{"config", {{"base_url", "http://127.0.0.1:1"}}}}}};
    Demo demo({{"plugins", away}, {"delivery", hasty}}, Demo::kOutside, ports);
    const Sandbox& sandbox = demo.sandbox();
    sandbox.say("51987654321", "mi dni: 08408122");
    REQUIRE(pollUntil(90s, [&] {
        const std::string metrics = demo.daemon().get("admin", "/metrics").body;
        const std::string name = "\ntotem_deliveries_retried ";
        const auto at = metrics.find(name);
        return at != std::string::npos && std::stoi(metrics.substr(at + name.size())) >= 3;
    }));
    CHECK(demo.daemon().get("admin", "/api/v1/dead-letters").json().at("events").empty());
    const std::string back = "http://127.0.0.1:" + std::to_string(ports.chatwoot);
    const json there{{"plugins", {{"chatwoot", {{"config", {{"base_url", back}}}}}}}};
    CHECK(demo.daemon().reload(totem_test::merged(demo.configuration(), there)));
    CHECK(sandbox.received("51987654321", 1).size() == 1);
    CHECK(demo.waitUntilHandled());
    CHECK(sandbox.answers("51987654321").size() == 1);
    CHECK(demo.daemon().get("admin", "/api/v1/dead-letters").json().at("events").empty());
}

namespace {

/// strace on a running process; what it saw is in the file.
class SystemCalls {
public:
    SystemCalls(int pid, const std::filesystem::path& folder)
        : file_(folder / "calls.txt"), notes_(folder / "strace.txt") {
        tracer_ = totem_test::spawnProgram(
            {"strace", "-f", "-y", "-s", "65536", "-e",
             "trace=fsync,fdatasync,pwrite64,write,writev,sendto,sendmsg", "-o", file_.string(),
             "-p", std::to_string(pid)},
            notes_.string());
        pollUntil(20s, [&] {
            const std::string notes = contentOf(notes_);
            attached_ = notes.find("attached") != std::string::npos;
            return attached_ || waitpid(tracer_, nullptr, WNOHANG) == tracer_;
        });
        if (!attached_) tracer_ = 0;
    }
    ~SystemCalls() { stop(); }

    bool attached() const { return attached_; }
    std::string notes() const { return contentOf(notes_); }
    std::vector<std::string> stop() {
        if (tracer_ != 0) {
            kill(tracer_, SIGINT);
            waitpid(tracer_, nullptr, 0);
            tracer_ = 0;
        }
        std::ifstream stream(file_);
        std::vector<std::string> lines;
        for (std::string line; std::getline(stream, line);) lines.push_back(line);
        return lines;
    }

private:
    static std::string contentOf(const std::filesystem::path& file) {
        std::ifstream stream(file);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    std::filesystem::path file_;
    std::filesystem::path notes_;
    int tracer_ = 0;
    bool attached_ = false;
};

bool holds(const std::string& line, const char* text) {
    return line.find(text) != std::string::npos;
}

/// Follows the journal through the trace: what was written to its log, and what of it is synced.
class JournalWatch {
public:
    void see(const std::string& line) {
        const std::string thread = line.substr(0, line.find(' '));
        const bool sync = holds(line, "fdatasync") || holds(line, "fsync");
        if (holds(line, "pwrite64(") && holds(line, "-wal>")) written_ += line;
        if (sync && holds(line, "-wal>") && holds(line, "<unfinished")) {
            syncing_[thread] = std::move(written_);  // what came later is not covered by this one
            written_.clear();
        } else if (sync && holds(line, "-wal>") && holds(line, "= 0")) {
            durable_ += written_;
            written_.clear();
        } else if (sync && holds(line, "resumed>") && holds(line, "= 0")) {
            durable_ += syncing_[thread];
            syncing_.erase(thread);
        }
    }
    bool isDurable(const std::string& text) const { return holds(durable_, text.c_str()); }

private:
    std::string written_, durable_;
    std::map<std::string, std::string> syncing_;
};

}  // namespace

TEST_CASE("the journal is synced to the disk before a webhook is answered") {
    TestDaemon daemon(json{{"plugins",
                            {{"chatwoot",
                              {{"config", {{"base_url", "http://127.0.0.1:1"}, {"account_id", 1}}}}},
                             {"evolution", {{"config", {{"base_url", "http://127.0.0.1:1"}}}}}}}});
    SystemCalls calls(daemon.pid(), daemon.folder());
    if (!calls.attached()) {
        WARN("skipped: strace may not watch another process here: " << calls.notes());
        return;
    }
    std::vector<std::string> texts;
    for (int i = 0; i < 10; ++i) {
        const std::string text = "synced-" + std::to_string(i) + "-before-answer";
        texts.push_back(text);
        const json chatwoot{{"event", "message_created"},
                            {"id", 5000 + i},
                            {"content", text},
                            {"message_type", "incoming"},
                            {"account", {{"id", 1}}},
                            {"conversation", {{"id", 7}}}};
        CHECK(daemon.post("main", "/webhook/chatwoot", chatwoot).status == 200);
        texts.push_back(text + "-wa");
        const json evolution{
            {"event", "messages.upsert"},
            {"instance", "totem"},
            {"data",
             {{"key",
               {{"remoteJid", "51911111111@s.whatsapp.net"},
                {"fromMe", false},
                {"id", "K" + std::to_string(i)}}},
              {"message", {{"conversation", text + "-wa"}}},
              {"messageType", "conversation"}}}};
        CHECK(daemon.post("main", "/webhook/evolution", evolution).status == 200);
    }
    JournalWatch journal;
    std::size_t answers = 0;
    for (const std::string& line : calls.stop()) {
        journal.see(line);
        if (!holds(line, "\"HTTP/1.1 200")) continue;
        REQUIRE(answers < texts.size());
        INFO(texts[answers]);
        CHECK(journal.isDurable(texts[answers]));
        ++answers;
    }
    CHECK(answers == texts.size());
}
