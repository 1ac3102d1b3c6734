#include "worker/worker_pool.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "loop/event_loop.hpp"

using namespace totemd;
using namespace std::string_literals;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

WorkerOptions testOptions() {
    WorkerOptions options;
    options.name = "test";
    options.program = TOTEM_TEST_WORKER;
    options.instances = 1;
    options.timeLimitNs = 60 * kSecond;
    options.startLimitNs = 60 * kSecond;
    options.memoryBytes = 4ll << 30;  // sanitizers are hungry
    options.idleShutdownNs = 600 * kSecond;
    return options;
}

/// A loop, a log into a pipe-like file, and a pool.
struct Bench {
    explicit Bench(WorkerOptions options) {
        loop.start();
        pool.emplace(loop, std::move(options), log.plugin("tester"));
    }
    ~Bench() {
        pool.reset();
        loop.stop();
    }

    std::future<WorkerReply> ask(WorkerRequest request) {
        auto promise = std::make_shared<std::promise<WorkerReply>>();
        auto future = promise->get_future();
        pool->ask(std::move(request),
                  [promise](WorkerReply reply) { promise->set_value(std::move(reply)); });
        return future;
    }
    WorkerReply wait(std::string payload, std::uint64_t affinity = 0) {
        WorkerRequest request;
        request.payload = std::move(payload);
        request.affinity = affinity;
        return ask(std::move(request)).get();
    }
    std::string logged() {
        log.flush();
        std::string text(static_cast<std::size_t>(lseek(file.get(), 0, SEEK_END)), '\0');
        return pread(file.get(), text.data(), text.size(), 0) < 0 ? "" : text;
    }

    UniqueFd file{memfd_create("log", MFD_CLOEXEC)};
    Log log{{LogFormat::text, file.get(), LogLevel::debug}};
    EventLoop loop{"worker-test"};
    std::optional<WorkerPool> pool;
};

UniqueFd fileWith(const std::string& text) {
    UniqueFd fd(memfd_create("request", MFD_CLOEXEC));
    REQUIRE(write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    return fd;
}

}  // namespace

TEST_CASE("a worker is started on demand and answers") {
    Bench bench(testOptions());
    CHECK(bench.pool->counters().started == 0);
    const WorkerReply reply = bench.wait("echo hello");
    CHECK(reply.status == WorkerStatus::ok);
    CHECK(reply.payload == "echo hello");
    CHECK(reply.workerId == 1);
    CHECK(reply.reason.empty());
    CHECK(bench.wait("echo again").workerId == 1);
    const auto counters = bench.pool->counters();
    CHECK(counters.started == 1);
    CHECK(counters.requests == 2);
    CHECK(counters.alive == 1);
    CHECK(counters.busy == 0);
    CHECK(counters.queued == 0);
}

TEST_CASE("payloads of every size arrive whole, both ways") {
    Bench bench(testOptions());
    for (std::size_t size : {5u, 65'520u, 65'536u, 65'537u, 300'000u, 5'000'000u}) {
        std::string payload = "echo ";
        while (payload.size() < size) payload += static_cast<char>('a' + payload.size() % 26);
        payload.resize(size);
        const WorkerReply reply = bench.wait(payload);
        CHECK(reply.status == WorkerStatus::ok);
        CHECK((reply.payload == payload));
    }
    CHECK(bench.wait("").payload == "unknown");
}

TEST_CASE("requests wait their turn and each is answered once") {
    Bench bench(testOptions());
    std::vector<std::future<WorkerReply>> replies;
    for (int i = 0; i < 500; ++i) {
        WorkerRequest request;
        request.payload = "echo " + std::to_string(i);
        replies.push_back(bench.ask(std::move(request)));
    }
    for (int i = 0; i < 500; ++i) CHECK(replies[i].get().payload == "echo " + std::to_string(i));
    CHECK(bench.pool->counters().started == 1);
}

TEST_CASE("load spreads over as many processes as allowed") {
    WorkerOptions options = testOptions();
    options.instances = 3;
    options.timeLimitNs = kSecond / 100;
    Bench bench(options);
    // Each is stuck in its request, so that the others need workers of their own.
    std::vector<std::future<WorkerReply>> replies;
    for (int i = 0; i < 3; ++i) replies.push_back(bench.ask({0, "spin", {}, 0}));
    std::set<std::string> who;
    for (auto& reply : replies) who.insert(reply.get().reason.substr(0, 13));
    CHECK(who == std::set<std::string>{"worker test 1", "worker test 2", "worker test 3"});
}

TEST_CASE("descriptors travel both ways and none is left open") {
    Bench bench(testOptions());
    bench.wait("echo warm");
    const auto openFds = [] {
        int count = 0;
        for (int fd = 0; fd < 256; ++fd) count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
        return count;
    };
    const int before = openFds();
    for (int i = 0; i < 50; ++i) {
        WorkerRequest request;
        request.payload = "pass";
        request.fds.push_back(fileWith("first "));
        request.fds.push_back(fileWith("second"));
        WorkerReply reply = bench.ask(std::move(request)).get();
        REQUIRE(reply.status == WorkerStatus::ok);
        CHECK(reply.payload == "first second");
        REQUIRE(reply.fds.size() == 1);
        char text[32] = {};
        CHECK(pread(reply.fds[0].get(), text, sizeof text, 0) == 15);
        CHECK(text == "from the worker"s);
        CHECK((fcntl(reply.fds[0].get(), F_GETFD) & FD_CLOEXEC) != 0);
    }
    CHECK(openFds() == before);
}

TEST_CASE("a worker is given nothing of the daemon's") {
    const UniqueFd leaky(open("/dev/null", O_RDONLY));  // on purpose without O_CLOEXEC
    const UniqueFd leakyToo(open("/dev/null", O_RDONLY));
    Bench bench(testOptions());
    CHECK(bench.wait("surroundings").payload ==
          "fds 0 1 2 3; environment 0; core 0; group own; blocked 0; cwd /; oom 1000");
}

TEST_CASE("a worker sees the environment it was promised, and only that") {
    WorkerOptions options = testOptions();
    options.environment = {"TZ=America/Lima"};
    Bench bench(options);
    CHECK_THAT(bench.wait("surroundings").payload, Contains("environment 1;"));
}

TEST_CASE("after lockDown a worker can compute but reach nothing") {
    Bench bench(testOptions());
    CHECK(
        bench.wait("lockdown").payload ==
        "open EPERM; create EPERM; socket EPERM; unix EPERM; fork EPERM; exec EPERM; ptrace EPERM; "
        "kill parent EPERM; code EPERM; stat EPERM; thread ok; memory file ok");
    CHECK(bench.wait("echo still here").payload == "echo still here");
}

TEST_CASE("affinity reaches the very worker, and says gone when that has died") {
    WorkerOptions options = testOptions();
    options.instances = 2;
    Bench bench(options);
    const WorkerReply first = bench.wait("pid");
    CHECK(bench.wait("pid", first.workerId).payload == first.payload);
    CHECK(bench.wait("exit 0", first.workerId).status == WorkerStatus::crashed);
    const WorkerReply gone = bench.wait("pid", first.workerId);
    CHECK(gone.status == WorkerStatus::gone);
    CHECK(gone.workerId == 0);  // this request reached no worker
    CHECK(gone.reason == "worker test 1 is gone");
    CHECK(bench.wait("pid", 4711).status == WorkerStatus::gone);
    CHECK(bench.wait("pid").payload != first.payload);
}

TEST_CASE("requests that wait for a worker by affinity are gone with it") {
    WorkerOptions options = testOptions();
    options.timeLimitNs = kSecond / 100;
    Bench bench(options);
    const std::uint64_t id = bench.wait("pid").workerId;
    auto stuck = bench.ask({id, "spin", {}, 0});
    auto behind = bench.ask({id, "pid", {}, 0});
    auto anyone = bench.ask({0, "echo next", {}, 0});
    CHECK(stuck.get().status == WorkerStatus::timeout);
    CHECK(behind.get().status == WorkerStatus::gone);
    CHECK(anyone.get().payload == "echo next");
}

TEST_CASE("a request that overruns its time is answered timeout and its worker replaced") {
    WorkerOptions options = testOptions();
    options.timeLimitNs = kSecond / 100;
    Bench bench(options);
    const WorkerReply reply = bench.wait("spin");
    CHECK(reply.status == WorkerStatus::timeout);
    CHECK(reply.workerId == 1);
    CHECK_THAT(reply.reason, StartsWith("worker test 1: its request overran the time limit"));
    CHECK(bench.wait("echo on").payload == "echo on");
    CHECK(bench.pool->counters().killedForTime == 1);
    // The log tells of a worker's end, which comes behind the answer to its request.
    while (bench.logged().find("worker.killed") == std::string::npos) std::this_thread::yield();
    CHECK_THAT(
        bench.logged(),
        Contains("worker.killed plugin=tester worker=test id=1 reason=\"its request overran"));
}

TEST_CASE("the caller's deadline counts when it is nearer than the limit") {
    Bench bench(testOptions());
    bench.wait("echo warm");
    auto reply = bench.ask({0, "spin", {}, monotonicNow() + kSecond / 100});
    CHECK(reply.get().status == WorkerStatus::timeout);
    const WorkerReply late = bench.ask({0, "echo", {}, monotonicNow() - 1}).get();
    CHECK(late.status == WorkerStatus::busy);
    CHECK(late.reason == "worker test: the deadline had passed already");
}

TEST_CASE("a deadline that passes in the queue is answered without bothering a worker") {
    WorkerOptions options = testOptions();
    options.timeLimitNs = kSecond / 2;
    Bench bench(options);
    bench.wait("echo warm");
    auto stuck = bench.ask({0, "spin", {}, 0});
    auto late = bench.ask({0, "echo late", {}, monotonicNow() + kSecond / 100});
    const WorkerReply reply = late.get();
    CHECK(reply.status == WorkerStatus::busy);  // not its fault: no worker was killed for it
    CHECK(reply.reason == "worker test: the deadline passed while the request waited");
    CHECK(reply.workerId == 0);
    CHECK(stuck.get().status == WorkerStatus::timeout);
}

TEST_CASE("a request that overruns its memory is answered memory") {
    WorkerOptions options = testOptions();
    options.memoryBytes = 150ll << 20;
    Bench bench(options);
    const WorkerReply reply = bench.wait("allocate");
    CHECK(reply.status == WorkerStatus::memory);
    CHECK(reply.workerId == 1);
    CHECK_THAT(reply.reason, Contains("of memory; the limit is 150 MB"));
    CHECK(bench.pool->counters().killedForMemory == 1);
    CHECK(bench.wait("echo on").status == WorkerStatus::ok);
}

TEST_CASE("a crash says how it ended, and the log has its last words") {
    Bench bench(testOptions());
    const WorkerReply reply = bench.wait("crash");
    CHECK(reply.status == WorkerStatus::crashed);
    CHECK(reply.workerId == 1);
    CHECK(reply.reason == "worker test 1 ended by itself with signal 11 (Segmentation fault)");
    CHECK(bench.wait("exit 7").reason == "worker test 2 ended by itself with exit code 7");
    CHECK(bench.wait("throw").reason == "worker test 3 ended by itself with exit code 1");
    CHECK(bench.wait("echo on").workerId == 4);
    CHECK(bench.pool->counters().crashed == 3);
    CHECK_THAT(
        bench.logged(),
        Contains("worker.crashed plugin=tester worker=test id=1 end=\"signal 11 (Segmentation "
                 "fault)\" stderr=\"about to fail\\nthe last line\\n\""));
    CHECK_THAT(bench.logged(), Contains("test-worker: the handler gave up"));
}

TEST_CASE("a worker that speaks nonsense is not spoken to again") {
    Bench bench(testOptions());
    CHECK(bench.wait("garbage").reason == "worker test 1: it sent a frame that is none");
    CHECK(bench.wait("twice").status == WorkerStatus::crashed);
    CHECK(bench.wait("hangup").status == WorkerStatus::crashed);
    CHECK(bench.wait("echo on").status == WorkerStatus::ok);
}

TEST_CASE("an idle worker that dies is noticed and not used") {
    Bench bench(testOptions());
    const WorkerReply first = bench.wait("pid");
    kill(std::stoi(first.payload), SIGKILL);
    // Sent at once: to the dead one or after its end was noticed, the request must come through.
    WorkerReply next = bench.wait("pid");
    if (next.status == WorkerStatus::crashed) next = bench.wait("pid");  // it had taken the request
    CHECK(next.status == WorkerStatus::ok);
    CHECK(next.payload != first.payload);
}

TEST_CASE("a reply beyond the limit ends the worker, a request beyond it is refused") {
    WorkerOptions options = testOptions();
    options.maxPayload = 1000;
    Bench bench(options);
    CHECK(bench.wait("big 1001").status == WorkerStatus::crashed);
    const WorkerReply reply = bench.wait(std::string(1001, 'x'));
    CHECK(reply.status == WorkerStatus::unavailable);
    CHECK_THAT(
        reply.reason,
        Contains("the request is too large (1001 bytes, 0 descriptors; at most 1000 and 16)"));
}

TEST_CASE("the queue is bounded in requests and bytes") {
    WorkerOptions options = testOptions();
    options.timeLimitNs = kSecond / 100;
    options.queueRequests = 2;
    options.queueBytes = 100;
    Bench bench(options);
    bench.wait("echo warm");
    auto stuck = bench.ask({0, "spin", {}, 0});
    auto tooLong = bench.ask({0, "echo " + std::string(100, 'x'), {}, 0});
    auto second = bench.ask({0, "echo 2", {}, 0});
    auto third = bench.ask({0, "echo 3", {}, 0});
    auto fourth = bench.ask({0, "echo 4", {}, 0});
    CHECK(tooLong.get().status == WorkerStatus::busy);
    const WorkerReply refused = fourth.get();
    CHECK(refused.status == WorkerStatus::busy);
    CHECK(refused.reason == "worker test: 2 requests wait already");
    CHECK(second.get().status == WorkerStatus::ok);
    CHECK(third.get().status == WorkerStatus::ok);
}

TEST_CASE("a program that cannot start is reported at once, then tried again later only") {
    WorkerOptions options = testOptions();
    options.program = "/nonexistent/worker";
    Bench bench(options);
    const WorkerReply reply = bench.wait("echo");
    CHECK(reply.status == WorkerStatus::unavailable);
    CHECK(reply.reason ==
          "worker test cannot be started: starting /nonexistent/worker: No such file or directory");
    for (int i = 0; i < 20; ++i) CHECK(bench.wait("echo").status == WorkerStatus::unavailable);
    CHECK(bench.pool->counters().failedStarts < 20);
    CHECK_THAT(
        bench.logged(),
        Contains("worker.start.failed plugin=tester worker=test program=/nonexistent/worker"));
}

TEST_CASE("a program that ends before it is ready is reported with its last words") {
    WorkerOptions options = testOptions();
    options.arguments = {"fail"};
    Bench bench(options);
    CHECK(
        bench.wait("echo").reason ==
        "worker test cannot be started: it ended with exit code 3; stderr: cannot find my data\n");
}

TEST_CASE("a program that is never ready, or speaks another protocol, is killed") {
    WorkerOptions options = testOptions();
    options.startLimitNs = kSecond / 100;
    options.arguments = {"never-ready"};
    Bench slow(options);
    CHECK_THAT(slow.wait("echo").reason, Contains("cannot be started: it was not ready after"));
    options.startLimitNs = 60 * kSecond;
    options.arguments = {"other-protocol"};
    Bench stranger(options);
    CHECK_THAT(stranger.wait("echo").reason,
               Contains("it speaks another protocol than totem-worker 1"));
}

TEST_CASE("an idle worker is sent home") {
    WorkerOptions options = testOptions();
    options.idleShutdownNs = 1;
    Bench bench(options);
    const WorkerReply reply = bench.wait("pid");
    while (bench.pool->counters().alive != 0) std::this_thread::yield();
    CHECK(kill(std::stoi(reply.payload), 0) != 0);
    CHECK(bench.wait("echo back").workerId == 2);
    CHECK_THAT(bench.logged(),
               Contains("worker.closed plugin=tester worker=test id=1 end=\"exit code 0\""));
}

TEST_CASE("much noise on stderr neither blocks the worker nor fills the memory") {
    Bench bench(testOptions());
    CHECK(bench.wait("noise 100000").payload == "quiet again");
    CHECK(bench.wait("crash").status == WorkerStatus::crashed);
    bench.wait("echo");
    CHECK(bench.logged().size() < 16'000);
}

TEST_CASE("stop kills, reaps and answers what is open; later asks are answered too") {
    Bench bench(testOptions());
    const WorkerReply first = bench.wait("pid");
    auto stuck = bench.ask({0, "spin", {}, 0});
    auto waiting = bench.ask({0, "echo", {}, 0});
    bench.pool->stop();
    CHECK(stuck.get().status == WorkerStatus::stopped);
    CHECK(waiting.get().reason == "worker test is stopped");
    CHECK(kill(std::stoi(first.payload), 0) != 0);
    CHECK(bench.wait("echo").status == WorkerStatus::stopped);
    CHECK(bench.pool->counters().alive == 0);
}

TEST_CASE("a completion may ask again, and may stop the pool") {
    Bench bench(testOptions());
    std::promise<int> finished;
    int trips = 0;
    std::function<void(WorkerReply)> next = [&](WorkerReply reply) {
        if (reply.status != WorkerStatus::ok) return finished.set_value(trips);
        if (++trips == 100) bench.pool->stop();
        bench.pool->ask({trips < 100 ? reply.workerId : 0, "echo", {}, 0}, next);
    };
    bench.pool->ask({0, "echo", {}, 0}, next);
    CHECK(finished.get_future().get() == 100);
}

TEST_CASE("many threads may ask at once") {
    WorkerOptions options = testOptions();
    options.instances = 2;
    Bench bench(options);
    std::atomic<int> right{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 100; ++i) {
                const std::string payload = "echo " + std::to_string(t * 1000 + i);
                if (bench.wait(payload).payload == payload) ++right;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(right == 400);
}

TEST_CASE("options that cannot work are refused with what is wrong") {
    EventLoop loop("unused");
    Log log;
    WorkerOptions options = testOptions();
    options.program = "relative/worker";
    CHECK_THROWS_WITH(WorkerPool(loop, options, log.part("x")),
                      "worker test: its program must be an absolute path");
    options = testOptions();
    options.memoryBytes = 0;
    CHECK_THROWS_WITH(WorkerPool(loop, options, log.part("x")),
                      "worker test: its memory limit must be positive");
}

TEST_CASE("a process ends after its share of requests, and none is lost by it") {
    WorkerOptions options = testOptions();
    options.recycleRequests = 2;
    Bench bench(options);
    std::vector<std::future<WorkerReply>> replies;
    for (int i = 0; i < 7; ++i) replies.push_back(bench.ask({0, "pid", {}, 0}));
    std::map<std::string, int> requestsOf;
    for (auto& reply : replies) {
        const WorkerReply got = reply.get();
        REQUIRE(got.status == WorkerStatus::ok);
        ++requestsOf[got.payload];
    }
    CHECK(requestsOf.size() == 4);
    for (const auto& [pid, count] : requestsOf) CHECK(count <= 2);
    CHECK(bench.pool->counters().crashed == 0);
}

TEST_CASE("a process that holds too much memory after a request ends, another goes on") {
    WorkerOptions options = testOptions();
    options.recycleBytes = 1;
    Bench bench(options);
    const std::string first = bench.wait("pid").payload;
    CHECK(bench.wait("pid").payload != first);
    CHECK(bench.pool->counters().crashed == 0);
}
