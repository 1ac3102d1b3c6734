#include "observe/log.hpp"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "loop/event_loop.hpp"
#include "observe/log_record.hpp"
#include "observe/repeat_limiter.hpp"

namespace totemd {

struct LogComponent {
    std::uint32_t index;
    std::string name;
    std::string label;
    std::atomic<LogLevel> level;
    std::atomic<std::uint64_t> lines{0};
    std::atomic<std::uint64_t> dropped{0};
};

namespace {

constexpr auto kPatience = std::chrono::seconds(2);
constexpr int kPollMs = 100;
constexpr std::size_t kChunk = 4096;  // what a pipe that polls as writable takes without blocking
constexpr std::size_t kRecordCost = 96;

void blockSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

struct Log::Impl {
    Impl(Log& owner, LogOptions given) : log(owner), options(given), defaultLevel(given.level) {
        writer = std::thread([this] { run(); });
    }

    ~Impl() {
        {
            std::lock_guard lock(mutex);
            stopping = true;
        }
        wakeWriter.notify_one();
        writer.join();
    }

    LogComponent& component(std::string_view name, std::string_view label);
    bool submit(LogComponent& component, LogRecord record);
    void flush();

    void run();
    void writeBatch(const std::vector<LogRecord>& batch);
    void writeHeld(bool all);
    void append(const LogRecord& record);
    void append(const LogLine& line);
    void writeOut();

    Log& log;
    const LogOptions options;

    mutable std::mutex componentsMutex;
    std::deque<LogComponent> components;        // stable addresses; guarded by componentsMutex
    std::map<std::string, LogLevel> ownLevels;  // guarded by componentsMutex
    LogLevel defaultLevel;                      // guarded by componentsMutex

    std::mutex mutex;
    std::condition_variable wakeWriter;
    std::condition_variable written;
    std::vector<LogRecord> waiting;  // guarded by mutex
    std::size_t waitingBytes = 0;    // guarded by mutex
    std::uint64_t submitted = 0;     // guarded by mutex
    std::uint64_t done = 0;          // guarded by mutex
    bool stopping = false;           // guarded by mutex

    std::string out;        // writer only
    RepeatLimiter repeats;  // writer only
    std::thread writer;
};

LogComponent& Log::Impl::component(std::string_view name, std::string_view label) {
    std::lock_guard lock(componentsMutex);
    for (LogComponent& known : components) {
        if (known.name == name && known.label == label) return known;
    }
    const auto own = ownLevels.find(std::string(name));
    LogComponent& added = components.emplace_back();
    added.index = static_cast<std::uint32_t>(components.size() - 1);
    added.name = name;
    added.label = label;
    added.level = own == ownLevels.end() ? defaultLevel : own->second;
    return added;
}

bool Log::Impl::submit(LogComponent& component, LogRecord record) {
    const std::size_t cost = record.buffer.size() + kRecordCost;
    bool first = false;
    {
        std::lock_guard lock(mutex);
        if (waitingBytes + cost > options.queueBytes) return false;
        record.timeNs = unixNow();
        record.component = component.index;
        first = waiting.empty();
        waiting.push_back(std::move(record));
        waitingBytes += cost;
        ++submitted;
    }
    if (first) wakeWriter.notify_one();
    return true;
}

void Log::Impl::flush() {
    std::unique_lock lock(mutex);
    const std::uint64_t wanted = submitted;
    while (done < wanted) {
        const std::uint64_t before = done;
        if (!written.wait_for(lock, kPatience, [&] { return done != before; })) return;
    }
}

void Log::Impl::run() {
    pthread_setname_np(pthread_self(), "totem-log");
    blockSignals();  // they are for the main thread, SIGPIPE for nobody
    std::vector<LogRecord> batch;
    while (true) {
        bool last = false;
        {
            std::unique_lock lock(mutex);
            const auto ready = [this] { return stopping || !waiting.empty(); };
            if (repeats.holding()) {
                wakeWriter.wait_for(lock, std::chrono::seconds(1), ready);
            } else {
                wakeWriter.wait(lock, ready);
            }
            batch.swap(waiting);
            waitingBytes = 0;
            last = stopping && batch.empty();
        }
        writeBatch(batch);
        writeHeld(last);
        if (last) return;
        {
            std::lock_guard lock(mutex);
            done += batch.size();
        }
        written.notify_all();
        batch.clear();
    }
}

void Log::Impl::writeBatch(const std::vector<LogRecord>& batch) {
    for (const LogRecord& record : batch) {
        if (repeats.admit(record)) append(record);
        if (out.size() >= 16 * kChunk) writeOut();
    }
    writeOut();
}

void Log::Impl::writeHeld(bool all) {
    if (!repeats.holding()) return;
    for (const RepeatLimiter::Held& held : repeats.takeOver(unixNow(), all)) {
        LogRecord record =
            LogRecord::pack(held.level, "log.repeated",
                            std::vector<LogField>{{"repeated", held.event}, {"times", held.times}});
        record.timeNs = unixNow();
        record.component = held.component;
        append(record);
    }
    writeOut();
}

void Log::Impl::append(const LogRecord& record) {
    LogLine line = unpack(record, log.masker_);
    {
        std::lock_guard lock(componentsMutex);
        const LogComponent& component = components[record.component];
        line.label = component.label;
        line.component = component.name;
    }
    append(line);
}

void Log::Impl::append(const LogLine& line) {
    if (options.format == LogFormat::json) {
        appendJson(out, line);
    } else if (options.format != LogFormat::journal || !sendToJournal(line)) {
        appendText(out, line);
    }
}

/// Writes everything unless the reader stands still: then, while stopping, it is given up.
void Log::Impl::writeOut() {
    std::string_view rest = out;
    auto progress = std::chrono::steady_clock::now();
    while (!rest.empty()) {
        pollfd ready{options.fd, POLLOUT, 0};
        const int polled = poll(&ready, 1, kPollMs);
        if (polled > 0) {
            const ssize_t count = ::write(options.fd, rest.data(), std::min(rest.size(), kChunk));
            if (count >= 0) {
                rest.remove_prefix(static_cast<std::size_t>(count));
                progress = std::chrono::steady_clock::now();
                continue;
            }
            if (errno != EAGAIN && errno != EINTR) break;  // nobody reads any more
        }
        bool leaving = false;
        {
            std::lock_guard lock(mutex);
            leaving = stopping;
        }
        if (leaving && std::chrono::steady_clock::now() - progress > kPatience) break;
    }
    out.clear();
}

Log::Log(LogOptions options) : impl_(std::make_unique<Impl>(*this, options)) {}
Log::~Log() = default;

Logger Log::part(std::string_view name) {
    return {*this, impl_->component(name, "part")};
}
Logger Log::plugin(std::string_view id) {
    return {*this, impl_->component(id, "plugin")};
}

void Log::setLevel(std::string_view component, LogLevel level) {
    std::lock_guard lock(impl_->componentsMutex);
    impl_->ownLevels[std::string(component)] = level;
    for (LogComponent& known : impl_->components) {
        if (known.name == component) known.level = level;
    }
}

void Log::setLevel(LogLevel level) {
    std::lock_guard lock(impl_->componentsMutex);
    impl_->defaultLevel = level;
    for (LogComponent& known : impl_->components) {
        if (impl_->ownLevels.count(known.name) == 0) known.level = level;
    }
}

std::vector<std::pair<std::string, LogLevel>> Log::levels() const {
    std::lock_guard lock(impl_->componentsMutex);
    std::vector<std::pair<std::string, LogLevel>> result;
    for (const LogComponent& known : impl_->components) {
        result.emplace_back(known.name, known.level.load());
    }
    return result;
}

void Log::flush() {
    impl_->flush();
}

std::vector<Log::Counts> Log::counts() const {
    std::lock_guard lock(impl_->componentsMutex);
    std::vector<Counts> result;
    for (const LogComponent& known : impl_->components) {
        result.push_back({known.name, known.lines, known.dropped});
    }
    return result;
}

Logger::Logger(Log& log, LogComponent& component)
    : log_(&log), component_(&component), level_(&component.level) {}

void Logger::submit(LogLevel level, std::string_view event,
                    std::span<const LogField> fields) const {
    const bool taken = log_->impl_->submit(*component_, LogRecord::pack(level, event, fields));
    ++(taken ? component_->lines : component_->dropped);
}

}  // namespace totemd
