#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "journal/effects.hpp"
#include "plugin/host_call.hpp"
#include "plugin/manifest.hpp"

namespace totemd {

class Effects;
class PluginInstance;
class SchemaValidator;

struct ActionAsk {
    std::string name, input;  ///< input: JSON text
    std::string caller;       ///< plugin id, "admin", "http"
    std::string trace, subject, idempotencyKey;
    std::string checkpointKey, checkpoint;
    std::int64_t deadlineNs = 0;  ///< monotonic; required
    std::int64_t receivedUnixNs = 0;
    /// What could not be sent until then is REFUSED; 0: no such limit. An effect that was recorded
    /// before has the limit of its intent.
    std::int64_t uselessAfterUnixNs = 0;
    bool mustHappen = false;  ///< with a key: an idempotent action is an effect as well
    bool waited = false;      ///< by a delivery that had let go of its lane: the age is intended
    std::int64_t event = 0;   ///< the event that caused it, 0 for none
    std::shared_ptr<Cancellation> cancellation;
};

/// Every action on offer, and the way to ask for one: plainly, or as a durable effect when it has
/// an idempotency key and may not be repeated.
///
/// Threads: all members from anywhere.
class ActionDirectory {
public:
    using Done = std::function<void(totem_status, totem::Body)>;
    /// The instance that serves a plugin now, or null.
    using FindInstance = std::function<std::shared_ptr<PluginInstance>(const std::string& plugin)>;
    /// A sentence that says why no instance serves the plugin.
    using WhyAbsent = std::function<std::string(const std::string& plugin)>;

    ActionDirectory(FindInstance find, WhyAbsent whyAbsent);
    ~ActionDirectory();

    /// Once, before the first ask: effects and this directory need each other.
    void useEffects(Effects& effects) { effects_ = &effects; }
    EffectHooks effectHooks();

    /// Actions of the host itself, such as "reply". Throws std::invalid_argument for a bad schema.
    void offerBuiltin(Manifest::Action action, std::function<void(ActionAsk, Done)> serve);
    /// The actions of these plugins, in place of those before: the enabled ones, whether they run
    /// at the moment or not, since one that does not run is UNAVAILABLE and not unknown.
    void setPlugins(const std::vector<std::shared_ptr<const Manifest>>& manifests);

    /// `done` runs once, on any thread. The input is checked against the action's schema first.
    void ask(ActionAsk ask, Done done);
    /// {"actions": [{name, plugin, effect, title, input, output}, …]}, JSON text.
    std::string listJson() const;

    /// The daemon stops: nothing is sent any more, so who waits for an effect hears CANCELLED, now
    /// and from here on. The intents are in the journal, and the next start goes on with them.
    void suspendEffects();
    /// Answers CANCELLED to those who wait for an effect and were cancelled; the effect goes on.
    void answerCancelled();

private:
    struct Offer {
        explicit Offer(Manifest::Action offered);
        Manifest::Action action;
        std::string plugin;
        std::shared_ptr<const SchemaValidator> validator;  // null: any object
        std::function<void(ActionAsk, Done)> builtin;
    };

    /// Somebody who waits for an effect, which may take as long as the receiving side is away.
    struct Waiting {
        std::shared_ptr<Cancellation> cancellation;  // null: cannot be cancelled
        Done done;
        Done leave();
    };

    std::shared_ptr<const Offer> find(const std::string& name) const;
    void askPlainly(const Offer& offer, ActionAsk ask, Done done);
    void askAsEffect(const Offer& offer, ActionAsk ask, Done done);
    /// Answers the one who waits under `number`, if he still does.
    void settle(std::uint64_t number, const EffectAnswer& answer);
    void answerWhere(const std::function<bool(const Waiting&)>& chosen);
    void invokeEffect(const EffectIntent& intent, EffectHooks::Done done);
    void reconcileEffect(const EffectIntent& intent, std::vector<std::string> settled,
                         EffectHooks::Done done);

    const FindInstance findInstance_;
    const WhyAbsent whyAbsent_;
    Effects* effects_ = nullptr;
    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<const Offer>> offers_;  // guarded by mutex_
    std::map<std::uint64_t, Waiting> waiting_;                    // guarded by mutex_
    std::uint64_t nextWaiting_ = 0;                               // guarded by mutex_
    bool suspended_ = false;                                      // guarded by mutex_
};

}  // namespace totemd
