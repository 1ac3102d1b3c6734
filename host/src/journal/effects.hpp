#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace totemd {

class Database;

enum class EffectKind { Idempotent, Reconcilable, Unprovable };

/// A row of the asker's own store, written in the transaction of the intent.
struct Checkpoint {
    std::string key;
    std::string value;
};

/// Asks for one effect. `caller` and `key` name it for ever: asked again, it is the same effect.
struct EffectAsk {
    std::string caller;  ///< the plugin that asks; owns `key` and `checkpoint`
    std::string key;
    std::string plugin;  ///< the plugin that acts
    std::string action;
    EffectKind kind = EffectKind::Unprovable;
    std::string subject;     ///< effects of one subject leave in order; empty: unordered
    std::string input;       ///< JSON text
    std::int64_t event = 0;  ///< seq of the event that caused it, 0 for none
    std::string trace;
    std::optional<Checkpoint> checkpoint;
    std::int64_t attemptTimeoutNs = 30'000'000'000;  ///< bounds one attempt; the hook sees to it
    /// Until when something that was surely not sent is tried again. 0: the configured time from
    /// now. An ask that comes after it is refused, unless its effect is there already.
    std::int64_t deadlineUnixNs = 0;
};

/// The effect as it is stored: what hooks receive, also after a restart.
struct EffectIntent {
    std::int64_t seq = 0;
    std::int64_t createdUnixNs = 0;
    EffectAsk ask;  ///< without checkpoint
    int attempt = 1;
};

/// What one attempt (or a reconcile) found out.
struct EffectOutcome {
    enum class Kind {
        Done,     ///< it happened; `text` is the result, JSON
        Refused,  ///< it did not happen and never will; `text` is the error
        NotSent,  ///< it surely did not happen; try again later (connection refused, plugin
                  ///< stopped)
        Unknown,  ///< it may have happened (from reconcile: cannot be found out)
        Absent,   ///< from reconcile only: it did not happen, send the stored request again
    };
    Kind kind = Kind::Unknown;
    std::string text;
};

/// What the asker hears. A stopping daemon says nothing: the next start goes on.
struct EffectAnswer {
    enum class Kind {
        Done,
        Refused,
        Unknown,
        NotStored,  ///< there is no such effect: disk, limit; asked again, it may be one
    };
    Kind kind = Kind::Unknown;
    std::string text;       ///< result JSON, or what is known
    bool recorded = false;  ///< an earlier ask with this key had already settled it
};

struct EffectHooks {
    using Done = std::function<void(EffectOutcome)>;
    /// Both run on the writer thread, must return at once, and call Done once from any thread.
    std::function<void(const EffectIntent&, Done)> invoke;
    /// `settled`: results (JSON texts) of other effects on the same subject and plugin.
    std::function<void(const EffectIntent&, std::vector<std::string> settled, Done)> reconcile;
};

struct EffectsOptions {
    std::int64_t backoffNs = 500'000'000;  ///< doubles, ±20 % jitter
    std::int64_t maxBackoffNs = 30'000'000'000;
    std::int64_t giveUpNs = 86'400'000'000'000;        ///< default deadline of an ask
    std::int64_t settledWindowNs = 3'600'000'000'000;  ///< how far back `settled` looks
    int maxOpen = 100'000;                             ///< open effects; asks are refused above it
};

/// The outbox: every effect that may not be repeated has a durable intent before it leaves and a
/// durable result before the asker hears of it.
///
///     ask → intent durable → invoke → result durable → done
///     Unknown: reconcilable → reconcile → done | absent: invoke again | unknown: dead letter
///              unprovable → the asker hears `unknown` once; found after a restart: dead letter
///              idempotent → invoke again
///
/// Threads: `ask` from anywhere; `done` on the writer thread after the commit, must not block.
class Effects {
public:
    using Done = std::function<void(EffectAnswer)>;

    Effects(Database& database, EffectsOptions options, EffectHooks hooks);
    ~Effects();
    Effects(const Effects&) = delete;
    Effects& operator=(const Effects&) = delete;

    /// Takes up the intents without a result that an earlier life left. Blocks until they are read.
    /// Call it when the plugins' actions can be invoked; before, `NotSent` makes them wait.
    void start();
    void ask(EffectAsk ask, Done done);
    /// The daemon is stopping: nothing more is sent; what has not settled stays an intent.
    void suspend();
    std::int64_t open() const;

private:
    class Outbox;
    std::unique_ptr<Outbox> outbox_;
};

}  // namespace totemd
