#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "journal/backoff.hpp"
#include "journal/database.hpp"
#include "journal/effects.hpp"
#include "journal/schema.hpp"

namespace totemd {

/// The open effects behind Effects, in memory; the table `effects` is what survives.
///
/// Whether an intent that is found after a crash may have been sent must be known for `unprovable`
/// ones. An effect that leaves at once is written as `kIntent` (perhaps sent) in its first commit;
/// one that has to queue, or was surely not sent, is `kQueued` and gets `kIntent` durably before it
/// leaves.
///
/// Threads: the writer thread, except `setSuspended` and `open`.
class Effects::Outbox {
public:
    Outbox(Database& database, EffectsOptions options, EffectHooks hooks);

    class Intend;   ///< writes the intent, or finds the earlier one
    class Restore;  ///< reads the intents of an earlier life

    void setSuspended() { suspended_ = true; }
    std::int64_t open() const { return count_; }
    Database& database() { return database_; }

private:
    class Mark;
    class Settled;
    class Settle;

    struct Open {
        EffectIntent intent;
        EffectState durable = kIntent;
        bool restored = false;  ///< from an earlier life, and not yet looked into
        int failures = 0;
        int absent = 0;         ///< how many attempts were found not to have happened
        std::string lastError;  ///< of an attempt whose outcome was unknown
        std::vector<Done> askers;
    };

    bool leavesAtOnce(const std::string& subject);
    void add(EffectIntent intent, EffectState durable, bool restored, Done asker);
    void join(std::int64_t seq, Done asker);
    void next(Open& effect);
    void recover(Open& effect);
    void send(std::int64_t seq);
    void invoke(Open& effect);
    void reconcile(std::int64_t seq);
    void attempted(std::int64_t seq, int attempt, EffectOutcome outcome);
    void reconciled(std::int64_t seq, int attempt, EffectOutcome outcome);
    void ambiguous(Open& effect, const std::string& error);
    void notSent(Open& effect, const std::string& error);
    void settle(Open& effect, EffectState state, std::string text);
    void settled(std::int64_t seq, EffectState state, const std::string& text);
    void later(Open& effect, void (Outbox::*step)(std::int64_t));
    bool expired(const Open& effect) const;
    Open* find(std::int64_t seq);
    Open* find(std::int64_t seq, int attempt);

    Database& database_;
    const EffectsOptions options_;
    const EffectHooks hooks_;
    std::unordered_map<std::int64_t, std::unique_ptr<Open>> open_;
    std::unordered_map<std::string, std::deque<std::int64_t>> subjects_;
    /// Asks for intents of an earlier life that `start()` has not read yet.
    std::unordered_map<std::int64_t, std::vector<Done>> early_;
    std::uint64_t batch_ = 0;
    std::vector<std::string> batchSubjects_;  ///< that leave at once in this batch
    Backoff backoff_;
    std::atomic<bool> suspended_{false};
    std::atomic<std::int64_t> count_{0};
};

}  // namespace totemd
