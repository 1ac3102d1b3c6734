#include "plugin/action_directory.hpp"

#include <nlohmann/json.hpp>

#include "journal/effects.hpp"
#include "loop/event_loop.hpp"
#include "plugin/plugin_instance.hpp"
#include "plugin/schema_validator.hpp"

namespace totemd {
namespace {

using Json = nlohmann::json;

/// However late in its own time an effect was asked for: later attempts are bounded by it as well.
constexpr std::int64_t kShortestAttemptNs = 30'000'000'000;
/// Looking through the other side's messages takes longer than sending one.
constexpr std::int64_t kReconcileTimeoutNs = 60'000'000'000;
constexpr std::string_view kGoesOn =
    "nobody waits for it any more; the effect itself is recorded and goes on";

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

HostCall::Options callOptions(const EffectIntent& intent, std::int64_t timeoutNs) {
    HostCall::Options options;
    options.deadlineNs = monotonicNow() + timeoutNs;
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
        case TOTEM_OK:
            return EffectOutcome::Kind::Done;
        case TOTEM_E_INVALID:
        case TOTEM_E_REFUSED:
        case TOTEM_E_DENIED:
        case TOTEM_E_NOT_FOUND:
            return EffectOutcome::Kind::Refused;
        case TOTEM_E_UNAVAILABLE:
        case TOTEM_E_BUSY:
            return EffectOutcome::Kind::NotSent;
        default:
            return EffectOutcome::Kind::Unknown;
    }
}

/// The text of a member; empty when it is absent or something else.
std::string textIn(const Json& json, const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Whether the question reached its end. What was interrupted, or failed by the plugin's own fault,
/// says nothing about the effect.
bool isAnswer(totem_status status) {
    switch (status) {
        case TOTEM_OK:
        case TOTEM_E_INVALID:
        case TOTEM_E_NOT_FOUND:
        case TOTEM_E_REFUSED:
        case TOTEM_E_UNKNOWN:
        case TOTEM_E_DENIED:
            return true;
        default:
            return false;
    }
}

EffectOutcome reconciled(totem_status status, const totem::Body& body) {
    if (!isAnswer(status)) return {EffectOutcome::Kind::NotSent, reasonOf(status, body)};
    const Json json = Json::parse(body.content(), nullptr, false);
    if (status != TOTEM_OK || !json.is_object())
        return {EffectOutcome::Kind::Unknown, reasonOf(status, body)};
    const std::string state = textIn(json, "state");
    if (state == "absent") return {EffectOutcome::Kind::Absent, {}};
    if (state == "done")
        return {EffectOutcome::Kind::Done,
                json.contains("result") ? json.at("result").dump() : "{}"};
    const std::string reason = textIn(json, "reason");
    return {EffectOutcome::Kind::Unknown,
            reason.empty() ? "the plugin cannot tell whether it happened" : reason};
}

EffectKind kindOf(Manifest::Effect effect) {
    if (effect == Manifest::Effect::kReconcilable) return EffectKind::Reconcilable;
    return effect == Manifest::Effect::kUnprovable ? EffectKind::Unprovable
                                                   : EffectKind::Idempotent;
}

}  // namespace

ActionDirectory::ActionDirectory(FindInstance find, WhyAbsent whyAbsent)
    : findInstance_(std::move(find)), whyAbsent_(std::move(whyAbsent)) {}
ActionDirectory::~ActionDirectory() = default;

ActionDirectory::Offer::Offer(Manifest::Action offered) : action(std::move(offered)) {
    if (!action.input.empty()) validator = std::make_shared<SchemaValidator>(action.input);
}

EffectHooks ActionDirectory::effectHooks() {
    return {[this](const EffectIntent& intent, EffectHooks::Done done) {
                invokeEffect(intent, std::move(done));
            },
            [this](const EffectIntent& intent, std::vector<std::string> settled,
                   EffectHooks::Done done) {
                reconcileEffect(intent, std::move(settled), std::move(done));
            }};
}

void ActionDirectory::offerBuiltin(Manifest::Action action,
                                   std::function<void(ActionAsk, Done)> serve) {
    auto offer = std::make_shared<Offer>(std::move(action));
    offer->builtin = std::move(serve);
    std::lock_guard lock(mutex_);
    offers_[offer->action.name] = std::move(offer);
}

void ActionDirectory::setPlugins(const std::vector<std::shared_ptr<const Manifest>>& manifests) {
    std::map<std::string, std::shared_ptr<const Offer>> offers;
    for (const auto& manifest : manifests) {
        for (const Manifest::Action& action : manifest->actions) {
            auto offer = std::make_shared<Offer>(action);
            offer->plugin = manifest->id;
            offers[action.name] = std::move(offer);
        }
    }
    std::lock_guard lock(mutex_);
    for (const auto& [name, offer] : offers_) {
        if (offer->builtin) offers[name] = offer;
    }
    offers_.swap(offers);
}

std::shared_ptr<const ActionDirectory::Offer> ActionDirectory::find(const std::string& name) const {
    std::lock_guard lock(mutex_);
    auto found = offers_.find(name);
    return found == offers_.end() ? nullptr : found->second;
}

void ActionDirectory::ask(ActionAsk ask, Done done) {
    const auto offer = find(ask.name);
    if (!offer)
        return done(TOTEM_E_NOT_FOUND,
                    totem::Body("no enabled plugin offers the action " + ask.name));
    if (offer->validator) {
        std::string problem = offer->validator->check(ask.input);
        if (!problem.empty()) return done(TOTEM_E_INVALID, totem::Body(ask.name + ": " + problem));
    }
    const Manifest::Effect effect = offer->action.effect;
    const bool effectful = effect == Manifest::Effect::kReconcilable ||
                           effect == Manifest::Effect::kUnprovable ||
                           (ask.mustHappen && effect == Manifest::Effect::kIdempotent);
    if (!offer->builtin && effectful && !ask.idempotencyKey.empty()) {
        return askAsEffect(*offer, std::move(ask), std::move(done));
    }
    if (ask.uselessAfterUnixNs != 0 && unixNow() >= ask.uselessAfterUnixNs) {
        return done(TOTEM_E_REFUSED, totem::Body(std::string("it is too late for it")));
    }
    if (offer->builtin) return offer->builtin(std::move(ask), std::move(done));
    askPlainly(*offer, std::move(ask), std::move(done));
}

void ActionDirectory::askPlainly(const Offer& offer, ActionAsk ask, Done done) {
    auto instance = findInstance_(offer.plugin);
    if (!instance) return done(TOTEM_E_UNAVAILABLE, totem::Body(whyAbsent_(offer.plugin)));
    HostCall::Options options = callOptions(ask);
    instance->invoke(std::move(ask.name), std::move(ask.input), std::move(options),
                     std::move(done));
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
    effect.deadlineUnixNs = ask.uselessAfterUnixNs;
    effect.attemptTimeoutNs = std::max(kShortestAttemptNs, ask.deadlineNs - monotonicNow());
    if (!ask.checkpointKey.empty())
        effect.checkpoint = Checkpoint{std::move(ask.checkpointKey), std::move(ask.checkpoint)};
    std::uint64_t number = 0;
    {
        std::lock_guard lock(mutex_);
        if (!suspended_) {
            number = ++nextWaiting_;
            if (ask.cancellation) ask.cancellation->effectBegins();
            waiting_[number] = {std::move(ask.cancellation), std::move(done)};
        }
    }
    if (number == 0) return done(TOTEM_E_CANCELLED, totem::Body(std::string(kGoesOn)));
    effects_->ask(std::move(effect),
                  [this, number](const EffectAnswer& answer) { settle(number, answer); });
}

ActionDirectory::Done ActionDirectory::Waiting::leave() {
    if (cancellation) cancellation->effectEnds();
    return std::move(done);
}

void ActionDirectory::settle(std::uint64_t number, const EffectAnswer& answer) {
    Done done;
    {
        std::lock_guard lock(mutex_);
        auto found = waiting_.find(number);
        if (found == waiting_.end()) return;
        done = found->second.leave();
        waiting_.erase(found);
    }
    switch (answer.kind) {
        case EffectAnswer::Kind::Done:
            return done(TOTEM_OK, totem::Body(answer.text));
        case EffectAnswer::Kind::Refused:
            return done(TOTEM_E_REFUSED, totem::Body(answer.text));
        case EffectAnswer::Kind::Unknown:
            return done(TOTEM_E_UNKNOWN, totem::Body(answer.text));
        case EffectAnswer::Kind::NotStored:
            return done(TOTEM_E_BUSY, totem::Body(answer.text));
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
            answers.push_back(entry->second.leave());
            entry = waiting_.erase(entry);
        }
    }
    for (Done& done : answers) done(TOTEM_E_CANCELLED, totem::Body(std::string(kGoesOn)));
}

void ActionDirectory::suspendEffects() {
    {
        std::lock_guard lock(mutex_);
        suspended_ = true;
    }
    answerWhere([](const Waiting&) { return true; });
}

void ActionDirectory::answerCancelled() {
    answerWhere([](const Waiting& waiting) {
        return waiting.cancellation && waiting.cancellation->cancelled();
    });
}

void ActionDirectory::invokeEffect(const EffectIntent& intent, EffectHooks::Done done) {
    auto instance = findInstance_(intent.ask.plugin);
    if (!instance) return done({EffectOutcome::Kind::NotSent, whyAbsent_(intent.ask.plugin)});
    instance->invoke(intent.ask.action, intent.ask.input,
                     callOptions(intent, intent.ask.attemptTimeoutNs),
                     [done = std::move(done)](totem_status status, totem::Body body) {
                         done({outcomeOf(status), std::string(body.content())});
                     });
}

void ActionDirectory::reconcileEffect(const EffectIntent& intent, std::vector<std::string> settled,
                                      EffectHooks::Done done) {
    auto instance = findInstance_(intent.ask.plugin);
    if (!instance) return done({EffectOutcome::Kind::NotSent, whyAbsent_(intent.ask.plugin)});
    Json results = Json::array();
    for (const std::string& text : settled) results.push_back(Json::parse(text, nullptr, false));
    const Json question{{"action", intent.ask.action},
                        {"input", Json::parse(intent.ask.input, nullptr, false)},
                        {"intent_unix_ns", intent.createdUnixNs},
                        {"key", intent.ask.key},
                        {"settled", std::move(results)}};
    instance->reconcile(intent.ask.action,
                        question.dump(-1, ' ', false, Json::error_handler_t::replace),
                        callOptions(intent, kReconcileTimeoutNs),
                        [done = std::move(done)](totem_status status, totem::Body body) {
                            done(reconciled(status, body));
                        });
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
