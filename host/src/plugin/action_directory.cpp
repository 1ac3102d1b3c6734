#include "plugin/action_directory.hpp"

#include <nlohmann/json.hpp>

#include "journal/effects.hpp"
#include "loop/event_loop.hpp"
#include "plugin/plugin_instance.hpp"
#include "plugin/schema_validator.hpp"

namespace totemd {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kStopping = "whoever waits for it is stopping; the effect itself is recorded and goes on";

HostCall::Options callOptions(ActionAsk& ask) {
    HostCall::Options options;
    options.deadlineNs = ask.deadlineNs;
    options.receivedUnixNs = ask.receivedUnixNs;
    options.trace = std::move(ask.trace);
    options.subject = std::move(ask.subject);
    options.idempotencyKey = std::move(ask.idempotencyKey);
    options.caller = std::move(ask.caller);
    options.cancellation = std::move(ask.cancellation);
    return options;
}

HostCall::Options callOptions(const EffectIntent& intent) {
    HostCall::Options options;
    options.deadlineNs = monotonicNow() + intent.ask.attemptTimeoutNs;
    options.receivedUnixNs = intent.createdUnixNs;
    options.trace = intent.ask.trace;
    options.subject = intent.ask.subject;
    options.idempotencyKey = intent.ask.key;
    options.caller = intent.ask.caller;
    return options;
}

/// What a plugin's answer says about an effect. Only a plain "certainly not" is not ambiguous.
EffectOutcome::Kind outcomeOf(totem_status status) {
    switch (status) {
        case TOTEM_OK: return EffectOutcome::Kind::Done;
        case TOTEM_E_INVALID:
        case TOTEM_E_REFUSED:
        case TOTEM_E_DENIED:
        case TOTEM_E_NOT_FOUND: return EffectOutcome::Kind::Refused;
        case TOTEM_E_UNAVAILABLE:
        case TOTEM_E_BUSY: return EffectOutcome::Kind::NotSent;
        default: return EffectOutcome::Kind::Unknown;
    }
}

EffectOutcome reconciled(totem_status status, const totem::Body& body) {
    if (status == TOTEM_E_UNAVAILABLE || status == TOTEM_E_BUSY) {
        return {EffectOutcome::Kind::NotSent, std::string(body.content())};
    }
    const Json json = Json::parse(body.content(), nullptr, false);
    if (status != TOTEM_OK || !json.is_object()) return {EffectOutcome::Kind::Unknown, std::string(body.content())};
    const std::string state = json.value("state", "unknown");
    if (state == "absent") return {EffectOutcome::Kind::Absent, {}};
    if (state == "done") return {EffectOutcome::Kind::Done, json.contains("result") ? json.at("result").dump() : "{}"};
    return {EffectOutcome::Kind::Unknown, json.value("reason", "the plugin cannot tell whether it happened")};
}

EffectKind kindOf(Manifest::Effect effect) {
    if (effect == Manifest::Effect::kReconcilable) return EffectKind::Reconcilable;
    return effect == Manifest::Effect::kUnprovable ? EffectKind::Unprovable : EffectKind::Idempotent;
}

}  // namespace

ActionDirectory::ActionDirectory(FindInstance find) : findInstance_(std::move(find)) {}
ActionDirectory::~ActionDirectory() = default;

EffectHooks ActionDirectory::effectHooks() {
    return {[this](const EffectIntent& intent, EffectHooks::Done done) { invokeEffect(intent, std::move(done)); },
            [this](const EffectIntent& intent, std::vector<std::string> settled, EffectHooks::Done done) {
                reconcileEffect(intent, std::move(settled), std::move(done));
            }};
}

void ActionDirectory::offerBuiltin(Manifest::Action action, std::function<void(ActionAsk, Done)> serve) {
    auto offer = std::make_shared<Offer>();
    if (!action.input.empty()) offer->validator = std::make_shared<SchemaValidator>(action.input);
    offer->action = std::move(action);
    offer->builtin = std::move(serve);
    std::lock_guard lock(mutex_);
    offers_[offer->action.name] = std::move(offer);
}

void ActionDirectory::offer(std::shared_ptr<const Manifest> manifest) {
    std::vector<std::shared_ptr<const Offer>> made;
    for (const Manifest::Action& action : manifest->actions) {
        auto offer = std::make_shared<Offer>();
        offer->action = action;
        offer->plugin = manifest->id;
        if (!action.input.empty()) offer->validator = std::make_shared<SchemaValidator>(action.input);
        made.push_back(std::move(offer));
    }
    std::lock_guard lock(mutex_);
    for (auto& offer : made) offers_[offer->action.name] = offer;
}

void ActionDirectory::withdraw(const std::string& plugin) {
    std::lock_guard lock(mutex_);
    std::erase_if(offers_, [&](const auto& entry) { return entry.second->plugin == plugin && !entry.second->builtin; });
}

std::shared_ptr<const ActionDirectory::Offer> ActionDirectory::find(const std::string& name) const {
    std::lock_guard lock(mutex_);
    auto found = offers_.find(name);
    return found == offers_.end() ? nullptr : found->second;
}

void ActionDirectory::ask(ActionAsk ask, Done done) {
    const auto offer = find(ask.name);
    if (!offer) return done(TOTEM_E_NOT_FOUND, totem::Body("no enabled plugin offers the action " + ask.name));
    if (offer->validator) {
        std::string problem = offer->validator->check(ask.input);
        if (!problem.empty()) return done(TOTEM_E_INVALID, totem::Body(ask.name + ": " + problem));
    }
    if (offer->builtin) return offer->builtin(std::move(ask), std::move(done));
    const bool effectful = offer->action.effect == Manifest::Effect::kReconcilable ||
                           offer->action.effect == Manifest::Effect::kUnprovable;
    if (effectful && !ask.idempotencyKey.empty()) return askAsEffect(*offer, std::move(ask), std::move(done));
    askPlainly(*offer, std::move(ask), std::move(done));
}

void ActionDirectory::askPlainly(const Offer& offer, ActionAsk ask, Done done) {
    auto instance = findInstance_(offer.plugin);
    if (!instance) return done(TOTEM_E_UNAVAILABLE, totem::Body("plugin " + offer.plugin + " is not running"));
    HostCall::Options options = callOptions(ask);
    instance->invoke(std::move(ask.name), std::move(ask.input), std::move(options), std::move(done));
}

void ActionDirectory::askAsEffect(const Offer& offer, ActionAsk ask, Done done) {
    EffectAsk effect;
    effect.caller = std::move(ask.caller);
    effect.key = std::move(ask.idempotencyKey);
    effect.plugin = offer.plugin;
    effect.action = std::move(ask.name);
    effect.kind = kindOf(offer.action.effect);
    effect.subject = std::move(ask.subject);
    effect.input = std::move(ask.input);
    effect.trace = std::move(ask.trace);
    effect.event = ask.event;
    effect.attemptTimeoutNs = std::max<std::int64_t>(1'000'000'000, ask.deadlineNs - monotonicNow());
    if (!ask.checkpointKey.empty()) effect.checkpoint = Checkpoint{std::move(ask.checkpointKey), std::move(ask.checkpoint)};
    std::uint64_t number = 0;
    {
        std::lock_guard lock(mutex_);
        if (!suspended_) {
            number = ++nextWaiting_;
            waiting_[number] = {std::move(ask.cancellation), std::move(done)};
        }
    }
    if (number == 0) return done(TOTEM_E_CANCELLED, totem::Body(std::string(kStopping)));
    effects_->ask(std::move(effect), [this, number](const EffectAnswer& answer) { settle(number, answer); });
}

void ActionDirectory::settle(std::uint64_t number, const EffectAnswer& answer) {
    Done done;
    {
        std::lock_guard lock(mutex_);
        auto found = waiting_.find(number);
        if (found == waiting_.end()) return;
        done = std::move(found->second.done);
        waiting_.erase(found);
    }
    switch (answer.kind) {
        case EffectAnswer::Kind::Done: return done(TOTEM_OK, totem::Body(answer.text));
        case EffectAnswer::Kind::Refused: return done(TOTEM_E_REFUSED, totem::Body(answer.text));
        case EffectAnswer::Kind::Unknown: return done(TOTEM_E_UNKNOWN, totem::Body(answer.text));
    }
}

void ActionDirectory::answerWhere(const std::function<bool(const Waiting&)>& chosen) {
    std::vector<Done> answers;
    {
        std::lock_guard lock(mutex_);
        for (auto entry = waiting_.begin(); entry != waiting_.end();) {
            if (!chosen(entry->second)) {
                ++entry;
                continue;
            }
            answers.push_back(std::move(entry->second.done));
            entry = waiting_.erase(entry);
        }
    }
    for (Done& done : answers) done(TOTEM_E_CANCELLED, totem::Body(std::string(kStopping)));
}

void ActionDirectory::suspendEffects() {
    {
        std::lock_guard lock(mutex_);
        suspended_ = true;
    }
    answerWhere([](const Waiting&) { return true; });
}

void ActionDirectory::answerCancelled() {
    answerWhere([](const Waiting& waiting) { return waiting.cancellation && waiting.cancellation->cancelled(); });
}

void ActionDirectory::invokeEffect(const EffectIntent& intent, EffectHooks::Done done) {
    auto instance = findInstance_(intent.ask.plugin);
    if (!instance) return done({EffectOutcome::Kind::NotSent, "plugin " + intent.ask.plugin + " is not running"});
    instance->invoke(intent.ask.action, intent.ask.input, callOptions(intent),
                     [done = std::move(done)](totem_status status, totem::Body body) {
                         done({outcomeOf(status), std::string(body.content())});
                     });
}

void ActionDirectory::reconcileEffect(const EffectIntent& intent, std::vector<std::string> settled, EffectHooks::Done done) {
    auto instance = findInstance_(intent.ask.plugin);
    if (!instance) return done({EffectOutcome::Kind::NotSent, "plugin " + intent.ask.plugin + " is not running"});
    Json results = Json::array();
    for (const std::string& text : settled) results.push_back(Json::parse(text, nullptr, false));
    const Json question{{"action", intent.ask.action},
                        {"input", Json::parse(intent.ask.input, nullptr, false)},
                        {"intent_unix_ns", intent.createdUnixNs},
                        {"key", intent.ask.key},
                        {"settled", std::move(results)}};
    instance->reconcile(intent.ask.action, question.dump(-1, ' ', false, Json::error_handler_t::replace), callOptions(intent),
                        [done = std::move(done)](totem_status status, totem::Body body) { done(reconciled(status, body)); });
}

std::string ActionDirectory::listJson() const {
    Json actions = Json::array();
    std::lock_guard lock(mutex_);
    for (const auto& [name, offer] : offers_) {
        Json entry{{"name", name},
                   {"plugin", offer->plugin},
                   {"effect", effectName(offer->action.effect)},
                   {"title", offer->action.title}};
        if (!offer->action.input.empty()) entry["input"] = Json::parse(offer->action.input);
        if (!offer->action.output.empty()) entry["output"] = Json::parse(offer->action.output);
        actions.push_back(std::move(entry));
    }
    return Json{{"actions", std::move(actions)}}.dump();
}

}  // namespace totemd
