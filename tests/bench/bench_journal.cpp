// Cycles per second through the journal: append, deliver, one effect (intent and result), done.
// Usage: bench_journal [producers] [seconds] [folder]. The machine's fsync time is printed beside,
// since every figure here hangs on it.

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "journal/database.hpp"
#include "journal/dispatcher.hpp"
#include "journal/effects.hpp"
#include "journal/journal.hpp"
#include "loop/event_loop.hpp"

using namespace totemd;

namespace {

double fsyncMs(const std::string& folder) {
    const std::string path = folder + "/fsync";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const std::string block(4096, 'x');
    constexpr int kTimes = 200;
    const std::int64_t before = monotonicNow();
    for (int i = 0; i < kTimes; ++i) {
        if (::pwrite(fd, block.data(), block.size(), 0) < 0) std::perror("pwrite");
        ::fdatasync(fd);
    }
    const std::int64_t spent = monotonicNow() - before;
    ::close(fd);
    return static_cast<double>(spent) / kTimes / 1e6;
}

double cpuSeconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

NewEvent message(int producer, std::int64_t number) {
    NewEvent event;
    event.source = "chatwoot:1";
    event.id = "message_created:" + std::to_string(producer * 100'000'000 + number);
    event.type = "message.received";
    event.subject = "chatwoot:1:" + std::to_string(producer * 1000 + number % 1000);
    event.time = "2026-01-01T00:00:00Z";
    event.trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    event.data =
        "{\"content\":\"Consultar DNI 08408122\",\"raw\":\"" + std::string(1200, 'x') + "\"}";
    event.reply = R"({"action":"chatwoot.send_message","arguments":{"conversation_id":1}})";
    event.receivedUnixNs = unixNow();
    return event;
}

EffectAsk answer(const Event& event) {
    EffectAsk ask;
    ask.caller = "flows";
    ask.key = "run:" + event.id + ":reply:0:0";
    ask.plugin = "chatwoot";
    ask.action = "chatwoot.send_message";
    ask.kind = EffectKind::Reconcilable;
    ask.subject = event.subject;
    ask.input = R"({"conversation_id":1,"content":"Hola, su linea es de S/ 3,400.00"})";
    ask.event = event.seq;
    ask.trace = event.trace;
    return ask;
}

}  // namespace

int main(int argc, char** argv) {
    const int producers = argc > 1 ? std::atoi(argv[1]) : 16;
    const int seconds = argc > 2 ? std::atoi(argv[2]) : 5;
    std::string folder = argc > 3 ? argv[3] : "/var/tmp";
    folder += "/bench_journal_" + std::to_string(::getpid());
    std::filesystem::create_directories(folder);

    std::atomic<std::uint64_t> cycles{0};
    Effects* effects = nullptr;
    Database database({folder + "/totem.db"});
    std::vector<std::atomic<std::int64_t>> begun(static_cast<std::size_t>(producers));
    std::vector<std::int64_t> times;  // writer thread
    std::function<void(int, std::int64_t)> produce;
    Dispatcher dispatcher(database, {}, [&](Delivery delivery, Dispatcher::Done done) {
        effects->ask(answer(*delivery.event), [done = std::move(done)](EffectAnswer) { done({}); });
    });
    std::atomic<bool> stop{false};
    Effects outbox(database, {},
                   {[](const EffectIntent&, EffectHooks::Done done) {
                        done({EffectOutcome::Kind::Done, R"({"id":1})"});
                    },
                    {}});
    effects = &outbox;
    Journal journal(database, dispatcher,
                    [](const NewEvent&) { return std::vector<std::string>{"flows"}; });
    dispatcher.start();
    outbox.start();
    dispatcher.resume("flows");

    const double fsync = fsyncMs(folder);
    const double cpu = cpuSeconds();
    const std::int64_t start = monotonicNow();
    std::vector<std::thread> threads;
    for (int producer = 0; producer < producers; ++producer) {
        threads.emplace_back([&, producer] {
            for (std::int64_t number = 0; !stop; ++number) {
                std::promise<void> stored;
                journal.append({message(producer, number)},
                               [&](std::vector<Appended>) { stored.set_value(); });
                stored.get_future().wait();
                ++cycles;
            }
        });
    }
    std::this_thread::sleep_for(std::chrono::seconds(seconds));
    stop = true;
    for (auto& thread : threads) thread.join();
    while (dispatcher.counters().queued + dispatcher.counters().inFlight > 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    const double spent = static_cast<double>(monotonicNow() - start) / 1e9;
    const double used = cpuSeconds() - cpu;
    database.stop();
    const auto counters = database.counters();
    const auto count = static_cast<double>(cycles.load());
    std::printf("fsync (4 KB, fdatasync) %.3f ms\n", fsync);
    std::printf("%d producers: %.0f cycles/s, %.1f us CPU per cycle, %.1f cycles per commit\n",
                producers, count / spent, used / count * 1e6,
                count / static_cast<double>(counters.commits));
    std::printf(
        "commits %llu, mean %.3f ms, worst %.1f ms, %llu done, file %.0f MB\n",
        static_cast<unsigned long long>(counters.commits),
        static_cast<double>(counters.commitNs) / 1e6 / static_cast<double>(counters.commits),
        static_cast<double>(counters.worstCommitNs) / 1e6,
        static_cast<unsigned long long>(dispatcher.counters().done),
        static_cast<double>(counters.bytes) / 1e6);
    std::filesystem::remove_all(folder);
    return 0;
}
