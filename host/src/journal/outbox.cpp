#include "journal/outbox.hpp"

#include <algorithm>

#include "journal/outbox_works.hpp"

namespace totemd {
namespace {

/// So many attempts in vain, without a trace on the other side: what it says is a refusal.
constexpr int kMaxAbsent = 16;

}  // namespace

EffectAnswer answerOf(EffectState state, std::string text, bool recorded) {
    const auto kind = state == kSettled   ? EffectAnswer::Kind::Done
                      : state == kRefused ? EffectAnswer::Kind::Refused
                                          : EffectAnswer::Kind::Unknown;
    return {kind, std::move(text), recorded};
}

Effects::Outbox::Outbox(Database& database, EffectsOptions options, EffectHooks hooks)
    : database_(database),
      options_(options),
      hooks_(std::move(hooks)),
      backoff_(options.backoffNs, options.maxBackoffNs) {}

bool Effects::Outbox::leavesAtOnce(const std::string& subject) {
    if (suspended_) return false;
    if (subject.empty()) return true;
    if (batch_ != database_.batch()) {
        batch_ = database_.batch();
        batchSubjects_.clear();
    }
    if (subjects_.count(subject) != 0) return false;
    if (std::find(batchSubjects_.begin(), batchSubjects_.end(), subject) != batchSubjects_.end()) {
        return false;
    }
    batchSubjects_.push_back(subject);
    return true;
}

void Effects::Outbox::add(EffectIntent intent, EffectState durable, bool restored, Done asker) {
    const std::int64_t seq = intent.seq;
    const std::string subject = intent.ask.subject;
    auto& effect = open_[seq];
    effect = std::make_unique<Open>();
    effect->intent = std::move(intent);
    effect->durable = durable;
    effect->restored = restored && durable == kIntent;
    if (asker) effect->askers.push_back(std::move(asker));
    if (const auto early = early_.find(seq); early != early_.end()) {
        effect->askers = std::move(early->second);
        early_.erase(early);
    }
    ++count_;
    if (!subject.empty()) {
        auto& queue = subjects_[subject];
        queue.push_back(seq);
        if (queue.size() > 1) return;
    }
    next(*effect);
}

void Effects::Outbox::join(std::int64_t seq, Done asker) {
    Open* effect = find(seq);
    (effect != nullptr ? effect->askers : early_[seq]).push_back(std::move(asker));
}

void Effects::Outbox::next(Open& effect) {
    if (effect.restored) {
        recover(effect);
    } else {
        send(effect.intent.seq);
    }
}

void Effects::Outbox::recover(Open& effect) {
    effect.restored = false;
    ambiguous(effect, "the daemon ended before it was answered");
}

void Effects::Outbox::send(std::int64_t seq) {
    Open* effect = find(seq);
    if (effect == nullptr || suspended_) return;
    if (effect->durable == kIntent || effect->intent.ask.kind == EffectKind::Idempotent) {
        invoke(*effect);
    } else {
        database_.write(std::make_unique<Mark>(*this, seq, kIntent));
    }
}

void Effects::Outbox::invoke(Open& effect) {
    const std::int64_t seq = effect.intent.seq;
    const int attempt = effect.intent.attempt;
    hooks_.invoke(effect.intent, [this, seq, attempt](EffectOutcome outcome) {
        database_.post([this, seq, attempt, outcome = std::move(outcome)] {
            attempted(seq, attempt, outcome);
        });
    });
}

void Effects::Outbox::attempted(std::int64_t seq, int attempt, EffectOutcome outcome) {
    Open* effect = find(seq, attempt);
    if (effect == nullptr) return;
    ++effect->intent.attempt;
    switch (outcome.kind) {
        case EffectOutcome::Kind::Done:
            settle(*effect, kSettled, std::move(outcome.text));
            break;
        case EffectOutcome::Kind::Refused:
            settle(*effect, kRefused, std::move(outcome.text));
            break;
        case EffectOutcome::Kind::NotSent:
            notSent(*effect, outcome.text);
            break;
        case EffectOutcome::Kind::Absent:
        case EffectOutcome::Kind::Unknown:
            ++effect->failures;
            effect->lastError = outcome.text;
            ambiguous(*effect, outcome.text);
            break;
    }
}

void Effects::Outbox::notSent(Open& effect, const std::string& error) {
    if (!suspended_ && expired(effect)) {
        settle(effect, kRefused, "not sent until its deadline: " + error);
        return;
    }
    if (effect.durable == kIntent && effect.intent.ask.kind != EffectKind::Idempotent) {
        // Already now: whatever sends it again must first write kIntent, behind this mark.
        effect.durable = kQueued;
        database_.write(std::make_unique<Mark>(*this, effect.intent.seq, kQueued),
                        Database::Urgency::Lazy);
    }
    ++effect.failures;
    later(effect, &Outbox::send);
}

void Effects::Outbox::ambiguous(Open& effect, const std::string& error) {
    const bool live = effect.intent.attempt > 1;
    switch (effect.intent.ask.kind) {
        case EffectKind::Idempotent:
            if (live && expired(effect)) {
                settle(effect, kUnknown, error);
            } else if (live) {
                later(effect, &Outbox::send);
            } else {
                send(effect.intent.seq);
            }
            break;
        case EffectKind::Reconcilable:
            reconcile(effect.intent.seq);
            break;
        case EffectKind::Unprovable:
            // A stopping daemon leaves it to the next start, where it becomes a dead letter.
            if (live && suspended_) break;
            settle(effect, live ? kUnknown : kEffectDead, error + "; it may have happened");
            break;
    }
}

void Effects::Outbox::reconcile(std::int64_t seq) {
    const Open* effect = find(seq);
    if (effect == nullptr || suspended_) return;
    database_.write(std::make_unique<Settled>(*this, effect->intent));
}

void Effects::Outbox::reconciled(std::int64_t seq, int attempt, EffectOutcome outcome) {
    Open* effect = find(seq, attempt);
    if (effect == nullptr) return;
    ++effect->intent.attempt;
    switch (outcome.kind) {
        case EffectOutcome::Kind::Done:
            settle(*effect, kSettled, std::move(outcome.text));
            break;
        case EffectOutcome::Kind::Refused:
            settle(*effect, kRefused, std::move(outcome.text));
            break;
        case EffectOutcome::Kind::Absent:
            if (expired(*effect)) {
                settle(*effect, kRefused, "not sent until its deadline: " + outcome.text);
            } else if (++effect->absent >= kMaxAbsent) {
                settle(*effect, kRefused, "given up; the last attempt said: " + effect->lastError);
            } else if (effect->failures > 1) {
                later(*effect, &Outbox::send);
            } else {
                send(seq);
            }
            break;
        case EffectOutcome::Kind::NotSent:  // the question could not be asked, or was interrupted
            if (suspended_) break;
            if (expired(*effect)) {
                settle(*effect, kEffectDead,
                       "it may have happened; nobody could be asked: " + outcome.text);
                break;
            }
            ++effect->failures;
            later(*effect, &Outbox::reconcile);
            break;
        case EffectOutcome::Kind::Unknown:
            settle(*effect, kEffectDead, "it may have happened: " + outcome.text);
            break;
    }
}

void Effects::Outbox::settle(Open& effect, EffectState state, std::string text) {
    database_.write(std::make_unique<Settle>(*this, effect.intent.seq, effect.intent.attempt - 1,
                                             state, std::move(text)));
}

void Effects::Outbox::settled(std::int64_t seq, EffectState state, const std::string& text) {
    const auto found = open_.find(seq);
    if (found == open_.end()) return;
    const std::unique_ptr<Open> effect = std::move(found->second);
    open_.erase(found);
    --count_;
    for (auto& asker : effect->askers) asker(answerOf(state, text, false));
    const auto queue = subjects_.find(effect->intent.ask.subject);
    if (queue == subjects_.end()) return;
    queue->second.pop_front();
    if (queue->second.empty()) {
        subjects_.erase(queue);
    } else if (Open* following = find(queue->second.front()); following != nullptr) {
        next(*following);
    }
}

void Effects::Outbox::later(Open& effect, void (Outbox::*step)(std::int64_t)) {
    const std::int64_t wait = backoff_.after(effect.failures);
    // At the deadline it is tried a last time, so that the asker is not told later than needed.
    const std::int64_t at =
        std::min(database_.now() + wait,
                 std::max(effect.intent.ask.deadlineUnixNs, database_.now() + options_.backoffNs));
    database_.at(at, [this, step, seq = effect.intent.seq] { (this->*step)(seq); });
}

bool Effects::Outbox::expired(const Open& effect) const {
    return database_.now() >= effect.intent.ask.deadlineUnixNs;
}

Effects::Outbox::Open* Effects::Outbox::find(std::int64_t seq) {
    const auto found = open_.find(seq);
    return found == open_.end() ? nullptr : found->second.get();
}

Effects::Outbox::Open* Effects::Outbox::find(std::int64_t seq, int attempt) {
    Open* effect = find(seq);
    return effect != nullptr && effect->intent.attempt == attempt ? effect : nullptr;
}

}  // namespace totemd
