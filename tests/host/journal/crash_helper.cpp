// Appends events and prints each id once it is acknowledged; handles each by one effect that writes
// a line into `effects`, the outside world that survives. Killed by crash_test at any moment.
// Usage: crash_helper DATABASE EFFECTS COUNT

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "journal/database.hpp"
#include "journal/dispatcher.hpp"
#include "journal/effects.hpp"
#include "journal/journal.hpp"

using namespace totemd;

namespace {

void line(int fd, const std::string& text) {
    const std::string whole = text + "\n";
    if (::write(fd, whole.data(), whole.size()) < 0) std::_Exit(3);
}

/// Whether the outside world has the line already: what `reconcile` of a connector finds out.
bool happened(const std::string& path, const std::string& text) {
    std::ifstream file(path);
    for (std::string each; std::getline(file, each);) {
        if (each == text) return true;
    }
    return false;
}

}  // namespace

int main(int, char** argv) {
    const std::string world = argv[2];
    const int count = std::atoi(argv[3]);
    const int fd = ::open(world.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    Database database({argv[1]});
    Effects* effects = nullptr;
    DispatcherOptions options;
    options.maxAttempts = 100;
    Dispatcher dispatcher(database, options, [&](Delivery delivery, Dispatcher::Done done) {
        EffectAsk ask;
        ask.caller = "flows";
        ask.key = delivery.event->id;
        ask.plugin = "world";
        ask.action = "world.write";
        ask.kind = EffectKind::Reconcilable;
        ask.subject = delivery.event->subject;
        ask.input = delivery.event->id;
        effects->ask(std::move(ask), [done = std::move(done)](EffectAnswer answer) {
            Outcome outcome;
            if (answer.kind != EffectAnswer::Kind::Done) outcome.kind = Outcome::Kind::Failed;
            done(outcome);
        });
    });
    Effects outbox(
        database, {},
        {[&](const EffectIntent& intent, EffectHooks::Done done) {
             line(fd, intent.ask.input);
             done({EffectOutcome::Kind::Done, "{}"});
         },
         [&](const EffectIntent& intent, std::vector<std::string>, EffectHooks::Done done) {
             done({happened(world, intent.ask.input) ? EffectOutcome::Kind::Done
                                                     : EffectOutcome::Kind::Absent,
                   "{}"});
         }});
    effects = &outbox;
    Journal journal(database, dispatcher,
                    [](const NewEvent&) { return std::vector<std::string>{"flows"}; });
    dispatcher.start();
    outbox.start();
    dispatcher.resume("flows");
    std::atomic<int> answered{0};
    for (int i = 0; i < count; ++i) {
        NewEvent event;
        event.source = "test";
        event.id = std::to_string(i);
        event.type = "message.received";
        event.subject = "s" + std::to_string(i % 7);
        journal.append({event}, [&answered, i](std::vector<Appended> results) {
            if (results[0].status != Appended::Status::Refused) line(1, std::to_string(i));
            ++answered;
        });
        if (i % 5 == 0) std::this_thread::yield();
    }
    while (answered < count || dispatcher.counters().queued + dispatcher.counters().inFlight > 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    database.stop();
    line(1, "end");
    return 0;
}
