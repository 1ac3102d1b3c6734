#pragma once

#include <stdlib.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "journal/database.hpp"
#include "journal/dispatcher.hpp"
#include "journal/journal.hpp"

namespace totemd::test {

/// A folder that goes away with it.
class TempFolder {
public:
    TempFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "journal_XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path = pattern;
    }
    ~TempFolder() { std::filesystem::remove_all(path); }
    std::string file() const { return path + "/totem.db"; }

    std::string path;
};

/// Time that only the test moves.
class VirtualClock {
public:
    std::function<std::int64_t()> function() {
        return [this] { return now_.load(); };
    }
    void advance(Database& database, std::int64_t ns) {
        now_ += ns;
        database.wake();
    }
    std::int64_t now() const { return now_; }

private:
    std::atomic<std::int64_t> now_{1'800'000'000'000'000'000};
};

/// Values that other threads hand over, in order; `take` waits for the next one.
template <class T>
class Mailbox {
public:
    void put(T value) {
        const std::lock_guard lock(mutex_);
        values_.push_back(std::move(value));
        arrived_.notify_all();
    }
    T take() {
        std::unique_lock lock(mutex_);
        if (!arrived_.wait_for(lock, std::chrono::seconds(30), [&] { return !values_.empty(); })) {
            throw std::runtime_error("nothing arrived within 30 s");
        }
        T value = std::move(values_.front());
        values_.erase(values_.begin());
        return value;
    }
    bool empty() {
        const std::lock_guard lock(mutex_);
        return values_.empty();
    }

private:
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::vector<T> values_;
};

struct Handed {
    Delivery delivery;
    Dispatcher::Done done;
};

inline NewEvent event(std::string id, std::string subject = "conversation:1") {
    NewEvent event;
    event.source = "chatwoot:1";
    event.id = std::move(id);
    event.type = "message.received";
    event.subject = std::move(subject);
    event.time = "2026-01-01T00:00:00Z";
    event.data = R"({"content":"hola"})";
    event.trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    event.receivedUnixNs = 1'800'000'000'000'000'000;
    return event;
}

/// A journal with one subscriber "flows" whose deliveries land in `handed`.
class Rig {
public:
    explicit Rig(const std::string& file, DispatcherOptions options = {},
                 VirtualClock* clock = nullptr, std::int64_t maxBytes = std::int64_t{1} << 30)
        : database({file, clock ? clock->function() : nullptr, maxBytes}),
          dispatcher(database, options,
                     [this](Delivery delivery, Dispatcher::Done done) {
                         handed.put({std::move(delivery), std::move(done)});
                     }),
          journal(database, dispatcher,
                  [](const NewEvent&) { return std::vector<std::string>{"flows"}; }) {
        dispatcher.start();
    }

    std::vector<Appended> append(std::vector<NewEvent> events) {
        std::promise<std::vector<Appended>> done;
        journal.append(std::move(events),
                       [&](std::vector<Appended> results) { done.set_value(std::move(results)); });
        return done.get_future().get();
    }
    /// Everything that was posted or written so far has run, and been committed.
    void settle() {
        for (int round = 0; round < 3; ++round) {
            std::promise<void> done;
            database.post([&] { done.set_value(); });
            done.get_future().get();
            append({});
        }
    }

    Mailbox<Handed> handed;
    Database database;
    Dispatcher dispatcher;
    Journal journal;
};

}  // namespace totemd::test
