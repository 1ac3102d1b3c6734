#include "journal/outbox_works.hpp"

#include <cstring>

#include "journal/sqlite.hpp"

namespace totemd {
namespace {

std::int64_t keyHash(const Database& database, const EffectAsk& ask) {
    const std::string print = database.fingerprint(ask.caller + '\n' + ask.key);
    std::int64_t hash = 0;
    std::memcpy(&hash, print.data(), sizeof hash);
    return hash;
}

EffectIntent readIntent(const Query& query) {
    EffectIntent intent;
    EffectAsk& ask = intent.ask;
    int column = 0;
    intent.seq = query.integer(column++);
    std::string* const texts[] = {&ask.caller,  &ask.key,   &ask.plugin, &ask.action,
                                  &ask.subject, &ask.trace, &ask.input};
    for (std::string* text : texts) *text = query.text(column++);
    ask.kind = static_cast<EffectKind>(query.integer(column++));
    ask.event = query.integer(column++);
    ask.attemptTimeoutNs = query.integer(column++);
    ask.deadlineUnixNs = query.integer(column++);
    intent.createdUnixNs = query.integer(column++);
    return intent;
}

}  // namespace

void Effects::Outbox::Intend::write(Sqlite& db) {
    joined_ = false;
    answer_.reset();
    if (lookUp(db)) return;
    if (outbox_.count_ >= outbox_.options_.maxOpen) {
        answer_ = EffectAnswer{EffectAnswer::Kind::NotStored, "too many effects are open", false};
        return;
    }
    if (ask_.deadlineUnixNs != 0 && outbox_.database_.now() >= ask_.deadlineUnixNs) {
        answer_ = EffectAnswer{EffectAnswer::Kind::Refused, "it is too late for it", false};
        return;
    }
    insert(db);
}

bool Effects::Outbox::Intend::lookUp(Sqlite& db) {
    Query query(db,
                "SELECT seq, state, result, action FROM effects WHERE key_hash = ? AND caller = ?"
                " AND key = ?",
                keyHash(outbox_.database_, ask_), ask_.caller, ask_.key);
    if (!query.next()) return false;
    seq_ = query.integer(0);
    const auto state = static_cast<EffectState>(query.integer(1));
    if (query.text(3) != ask_.action) {
        answer_ = EffectAnswer{EffectAnswer::Kind::Refused,
                               "the key was used for the action " + query.text(3), false};
    } else if (state > kIntent) {
        answer_ = answerOf(state, query.text(2), true);
    } else {
        joined_ = true;
    }
    return true;
}

void Effects::Outbox::Intend::insert(Sqlite& db) {
    seq_ = outbox_.database_.nextSeq();
    created_ = outbox_.database_.now();
    durable_ = outbox_.leavesAtOnce(ask_.subject) ? kIntent : kQueued;
    if (ask_.deadlineUnixNs == 0) ask_.deadlineUnixNs = created_ + outbox_.options_.giveUpNs;
    db.run(
        "INSERT INTO effects(seq, key_hash, caller, key, plugin, action, kind, subject, event,"
        " trace, attempt_timeout, deadline, created, state, attempts, updated, input,"
        " result) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, '')",
        seq_, keyHash(outbox_.database_, ask_), ask_.caller, ask_.key, ask_.plugin, ask_.action,
        static_cast<int>(ask_.kind), ask_.subject, ask_.event, ask_.trace, ask_.attemptTimeoutNs,
        ask_.deadlineUnixNs, created_, static_cast<int>(durable_), created_, ask_.input);
    if (ask_.checkpoint) {
        db.run("INSERT OR REPLACE INTO store VALUES(?, ?, 0, ?)", ask_.caller,
               Blob{ask_.checkpoint->key}, Blob{ask_.checkpoint->value});
    }
}

void Effects::Outbox::Intend::committed() {
    if (answer_) {
        done_(*answer_);
    } else if (joined_) {
        outbox_.join(seq_, std::move(done_));
    } else {
        ask_.checkpoint.reset();
        outbox_.add(EffectIntent{seq_, created_, std::move(ask_), 1}, durable_, false,
                    std::move(done_));
    }
}

void Effects::Outbox::Intend::failed(const std::string& reason) {
    done_({EffectAnswer::Kind::NotStored, "nothing was sent, the intent was not stored: " + reason,
           false});
}

void Effects::Outbox::Restore::write(Sqlite& db) {
    found_.clear();
    Query query(db,
                "SELECT seq, caller, key, plugin, action, subject, trace, input, kind, event,"
                " attempt_timeout, deadline, created, state FROM effects WHERE state <= 0"
                " ORDER BY seq");
    while (query.next()) {
        found_.emplace_back(readIntent(query), static_cast<EffectState>(query.integer(13)));
    }
}

void Effects::Outbox::Restore::committed() {
    for (auto& [intent, state] : found_) {
        if (outbox_.find(intent.seq) != nullptr) continue;  // asked in this life already
        outbox_.add(std::move(intent), state, true, {});
    }
    result_.set_value({});
}

void Effects::Outbox::Mark::write(Sqlite& db) {
    db.run("UPDATE effects SET state = ? WHERE seq = ? AND state <= 0", static_cast<int>(state_),
           seq_);
}

void Effects::Outbox::Mark::committed() {
    Open* effect = outbox_.find(seq_);
    if (effect == nullptr || state_ != kIntent || outbox_.suspended_) return;
    effect->durable = kIntent;
    outbox_.invoke(*effect);
}

void Effects::Outbox::Mark::failed(const std::string&) {
    Open* effect = outbox_.find(seq_);
    if (effect != nullptr && state_ == kIntent) outbox_.later(*effect, &Outbox::send);
}

void Effects::Outbox::Settled::write(Sqlite& db) {
    results_.clear();
    if (intent_.ask.subject.empty()) return;
    // `seq` is a time in microseconds.
    const std::int64_t since = (intent_.createdUnixNs - outbox_.options_.settledWindowNs) / 1000;
    Query query(db,
                "SELECT result FROM effects WHERE subject = ? AND kind = 1 AND seq >= ?"
                " AND plugin = ? AND state = 1 AND seq <> ? ORDER BY seq",
                intent_.ask.subject, since, intent_.ask.plugin, intent_.seq);
    while (query.next()) results_.push_back(query.text(0));
}

void Effects::Outbox::Settled::committed() {
    if (outbox_.suspended_) return;
    Outbox& outbox = outbox_;
    const std::int64_t seq = intent_.seq;
    const int attempt = intent_.attempt;
    outbox.hooks_.reconcile(
        intent_, std::move(results_), [&outbox, seq, attempt](EffectOutcome outcome) {
            outbox.database_.post([&outbox, seq, attempt, outcome = std::move(outcome)] {
                outbox.reconciled(seq, attempt, outcome);
            });
        });
}

void Effects::Outbox::Settled::failed(const std::string&) {
    Open* effect = outbox_.find(intent_.seq);
    if (effect != nullptr) outbox_.later(*effect, &Outbox::reconcile);
}

void Effects::Outbox::Settle::write(Sqlite& db) {
    db.run("UPDATE effects SET state = ?, attempts = ?, updated = ?, result = ? WHERE seq = ?",
           static_cast<int>(state_), attempts_, outbox_.database_.now(), text_, seq_);
}

}  // namespace totemd
