#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "totem/abi/plugin.h"
#include "totem/call.hpp"

namespace totem {
inline namespace v0 {

/// What came back for an ask.
struct Answer {
    Status status = Status::kFault;
    Body body;

    bool ok() const { return status == Status::kOk; }
    /// The content on success, the reason (a sentence) on failure.
    std::string_view text() const { return body.content(); }
};

/// How to ask: on whose behalf, until when, and for effects under which key.
class AskOptions {
public:
    AskOptions() = default;
    /// Inherits trace, subject, deadline and cancellation of a call.
    explicit AskOptions(const Call& parent) : parent_(parent.raw()) {}

    AskOptions& deadlineNs(std::int64_t monotonic) { deadline_ = monotonic; return *this; }
    AskOptions& subject(std::string value) { subject_ = std::move(value); return *this; }
    AskOptions& idempotencyKey(std::string value) { key_ = std::move(value); return *this; }
    /// A row of the plugin's store, written in the transaction that records the effect's intent.
    AskOptions& checkpoint(std::string key, std::string value) {
        checkpointKey_ = std::move(key);
        checkpoint_ = std::move(value);
        return *this;
    }

    totem_ask raw() const {
        totem_ask ask{};
        ask.struct_size = sizeof ask;
        ask.deadline_ns = deadline_;
        ask.parent = parent_;
        ask.subject = str(subject_);
        ask.idempotency_key = str(key_);
        ask.checkpoint_key = str(checkpointKey_);
        ask.checkpoint = str(checkpoint_);
        return ask;
    }

private:
    const totem_call* parent_ = nullptr;
    std::int64_t deadline_ = 0;
    std::string subject_, key_, checkpointKey_, checkpoint_;
};

/// An ask that is ready to go. Use it in the expression that made it, in one of three ways:
/// `.then(callback)`, `.wait()`, or `co_await` (totem/draft/task.hpp). It borrows its arguments.
template <typename Start>
class [[nodiscard]] Pending {
public:
    Pending(const AskOptions& options, Start start) : ask_(options.raw()), start_(std::move(start)) {}
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;

    /// [any-thread] `callback(Answer)` runs once on the plugin's completion thread and must not block.
    template <typename Callback>
    void then(Callback callback) {
        auto held = std::make_unique<Callback>(std::move(callback));
        go(held.release(), [](void* ctx, totem_status status, totem_body* body) {
            std::unique_ptr<Callback> callback(static_cast<Callback*>(ctx));
            (*callback)(Answer{static_cast<Status>(status), Body(body)});
        });
    }

    /// [plugin-pool] Blocks until the answer is there. Never on the completion thread or in an
    /// inline route: it would wait for itself.
    Answer wait() {
        struct Waiting {
            std::mutex mutex;
            std::condition_variable ready;
            std::optional<Answer> answer;
        } waiting;
        go(&waiting, [](void* ctx, totem_status status, totem_body* body) {
            auto& waiting = *static_cast<Waiting*>(ctx);
            std::lock_guard<std::mutex> lock(waiting.mutex);
            waiting.answer = Answer{static_cast<Status>(status), Body(body)};
            waiting.ready.notify_one();
        });
        std::unique_lock<std::mutex> lock(waiting.mutex);
        waiting.ready.wait(lock, [&] { return waiting.answer.has_value(); });
        return std::move(*waiting.answer);
    }

    /// For awaiters: starts the ask with a completion of their own.
    void go(void* ctx, void (*done)(void*, totem_status, totem_body*)) {
        ask_.ctx = ctx;
        ask_.done = done;
        start_(ask_);
    }

private:
    totem_ask ask_;
    Start start_;
};

/// The host's struct for an extension, or null: absent, too old, or not granted.
template <typename Extension>
const Extension* hostExtension(const totem_host* host, const char* id) {
    return static_cast<const Extension*>(host->get_extension(host, id));
}

/// Answers an ask whose extension is missing.
inline void answerUnavailable(const totem_ask& ask, const char* id) {
    ask.done(ask.ctx, TOTEM_E_UNAVAILABLE,
             Body("the host offers no " + std::string(id) + " (absent or not granted)").release());
}

}  // namespace v0
}  // namespace totem
