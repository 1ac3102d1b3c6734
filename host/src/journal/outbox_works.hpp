#pragma once

#include <future>
#include <optional>
#include <string>
#include <vector>

#include "journal/outbox.hpp"

namespace totemd {

class Sqlite;

/// What an effect that has come to its end answers.
EffectAnswer answerOf(EffectState state, std::string text, bool recorded);

/// Writes the intent with its checkpoint, unless this key has one already: then the ask gets the
/// recorded result or joins the effect in flight.
class Effects::Outbox::Intend : public Work {
public:
    Intend(Outbox& outbox, EffectAsk ask, Done done)
        : outbox_(outbox), ask_(std::move(ask)), done_(std::move(done)) {}
    void write(Sqlite& db) override;
    void committed() override;
    void failed(const std::string& reason) override;

private:
    bool lookUp(Sqlite& db);
    void insert(Sqlite& db);

    Outbox& outbox_;
    EffectAsk ask_;
    Done done_;
    std::int64_t seq_ = 0;
    std::int64_t created_ = 0;
    EffectState durable_ = kIntent;
    bool joined_ = false;
    std::optional<EffectAnswer> answer_;
};

class Effects::Outbox::Restore : public Work {
public:
    explicit Restore(Outbox& outbox) : outbox_(outbox) {}
    /// The error, or an empty string.
    std::future<std::string> result() { return result_.get_future(); }
    void write(Sqlite& db) override;
    void committed() override;
    void failed(const std::string& reason) override { result_.set_value(reason); }
    bool reads() const override { return true; }

private:
    Outbox& outbox_;
    std::vector<std::pair<EffectIntent, EffectState>> found_;
    std::promise<std::string> result_;
};

/// Notes durably that the effect is about to leave, or that it surely did not.
class Effects::Outbox::Mark : public Work {
public:
    Mark(Outbox& outbox, std::int64_t seq, EffectState state)
        : outbox_(outbox), seq_(seq), state_(state) {}
    void write(Sqlite& db) override;
    void committed() override;
    void failed(const std::string& reason) override;

private:
    Outbox& outbox_;
    const std::int64_t seq_;
    const EffectState state_;
};

/// Reads the results of the same subject, then asks the plugin.
class Effects::Outbox::Settled : public Work {
public:
    Settled(Outbox& outbox, EffectIntent intent) : outbox_(outbox), intent_(std::move(intent)) {}
    void write(Sqlite& db) override;
    void committed() override;
    void failed(const std::string& reason) override;
    bool reads() const override { return true; }

private:
    Outbox& outbox_;
    const EffectIntent intent_;
    std::vector<std::string> results_;
};

/// Writes how it ended, then tells the askers and lets the next of the subject go.
class Effects::Outbox::Settle : public Work {
public:
    Settle(Outbox& outbox, std::int64_t seq, int attempts, EffectState state, std::string text)
        : outbox_(outbox), seq_(seq), attempts_(attempts), state_(state), text_(std::move(text)) {}
    void write(Sqlite& db) override;
    void committed() override { outbox_.settled(seq_, state_, text_); }
    void failed(const std::string&) override {}
    bool mustHappen() const override { return true; }

private:
    Outbox& outbox_;
    const std::int64_t seq_;
    const int attempts_;
    const EffectState state_;
    const std::string text_;
};

}  // namespace totemd
