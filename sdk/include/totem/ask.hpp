#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "totem/abi/plugin.h"
#include "totem/abi/timer.h"
#include "totem/call.hpp"
#include "totem/extension.hpp"
#include "totem/log.hpp"

namespace totem {
inline namespace v0 {

/// What came back for an ask.
struct Answer {
    Status status = Status::kFault;
    Body body;

    bool ok() const { return status == Status::kOk; }
    /// The content on success, the reason (a sentence) on failure; lives as long as the answer.
    /// Empty when the content lies in a file: body.read() takes both.
    std::string_view text() const { return body.content(); }
};

/// How to ask: on whose behalf, until when, and for effects under which key. A call given as parent
/// must be unanswered when the ask is made.
class AskOptions {
public:
    AskOptions() = default;
    /// Inherits trace, subject, deadline and cancellation of a call.
    explicit AskOptions(const Call& parent) : parent_(parent.raw()) {}

    /// CLOCK_MONOTONIC nanoseconds; 0: the parent's, else the host's default.
    AskOptions& deadlineNs(std::int64_t monotonic) {
        deadline_ = monotonic;
        return *this;
    }
    AskOptions& subject(std::string value) {
        subject_ = std::move(value);
        return *this;
    }
    /// Makes a durable effect of a reconcilable or unprovable action (abi/action.h).
    AskOptions& idempotencyKey(std::string value) {
        key_ = std::move(value);
        return *this;
    }
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

namespace detail {

/// How many functions of the completion thread this thread is in. An inline route counts as well:
/// neither may block.
inline int& completionDepth() {
    static thread_local int depth = 0;
    return depth;
}
struct CompletionScope {
    CompletionScope() { ++completionDepth(); }
    ~CompletionScope() { --completionDepth(); }
    CompletionScope(const CompletionScope&) = delete;
    CompletionScope& operator=(const CompletionScope&) = delete;
};

/// Runs an author's callback for the host: what it throws is logged and goes no further.
template <typename Run>
void contain(const totem_host* host, const char* hook, Run run) noexcept {
    const CompletionScope scope;
    try {
        run();
    } catch (const std::exception& error) {
        Log(host).error("plugin.hook.failed", {{"hook", hook}, {"reason", error.what()}});
    } catch (...) {
        Log(host).error("plugin.hook.failed", {{"hook", hook}, {"reason", "no message"}});
    }
}

}  // namespace detail

/// An ask that is ready to go. Use it in the expression that made it, in one of three ways:
/// `.then(callback)`, `.wait()`, or `co_await` (totem/draft/task.hpp). It borrows its arguments.
template <typename Start>
class [[nodiscard]] Pending {
public:
    Pending(const totem_host* host, const AskOptions& options, Start start)
        : host_(host), ask_(options.raw()), start_(std::move(start)) {}
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;

    /// [any-thread] `callback(Answer)` runs once on the plugin's completion thread and must not
    /// block. What it throws is logged.
    template <typename Callback>
    void then(Callback callback) {
        auto held =
            std::make_unique<Waiting<Callback>>(Waiting<Callback>{host_, std::move(callback)});
        go(held.get(), [](void* ctx, totem_status status, totem_body* body) {
            Answer answer{static_cast<Status>(status), Body(body)};
            std::unique_ptr<Waiting<Callback>> held(static_cast<Waiting<Callback>*>(ctx));
            detail::contain(held->host, "then", [&] { held->callback(std::move(answer)); });
        });
        // The callback may have run and freed it meanwhile: nothing is touched any more.
        static_cast<void>(held.release());
    }

    /// [plugin-pool] Blocks until the answer is there. On the completion thread (in `then`, in a
    /// timer, after a co_await) it would wait for itself: std::logic_error. Never in an inline
    /// route.
    Answer wait() {
        if (detail::completionDepth() > 0) {
            throw std::logic_error("wait() on the completion thread, which delivers the answers");
        }
        struct Blocked {
            std::mutex mutex;
            std::condition_variable ready;
            std::optional<Answer> answer;
        } blocked;
        go(&blocked, [](void* ctx, totem_status status, totem_body* body) {
            auto& blocked = *static_cast<Blocked*>(ctx);
            std::lock_guard<std::mutex> lock(blocked.mutex);
            blocked.answer = Answer{static_cast<Status>(status), Body(body)};
            blocked.ready.notify_one();
        });
        std::unique_lock<std::mutex> lock(blocked.mutex);
        blocked.ready.wait(lock, [&] { return blocked.answer.has_value(); });
        return std::move(*blocked.answer);
    }

    /// For awaiters: starts the ask with a completion of their own.
    void go(void* ctx, void (*done)(void*, totem_status, totem_body*)) {
        ask_.ctx = ctx;
        ask_.done = done;
        start_(ask_);
    }

    const totem_host* host() const { return host_; }

private:
    template <typename Callback>
    struct Waiting {
        const totem_host* host;
        Callback callback;
    };

    const totem_host* host_;
    totem_ask ask_;
    Start start_;
};

/// Answers an ask whose extension is missing: kUnavailable, on the completion thread by way of a
/// timer. A host without timers leaves no other thread: then it is answered inside the ask, the one
/// case where that happens.
inline void answerUnavailable(const totem_host* host, const totem_ask& ask, const char* id) {
    struct Late {
        void (*done)(void*, totem_status, totem_body*);
        void* ctx;
        totem_body* body;
    };
    const std::string reason = "the host offers no " + std::string(id) + " (absent or not granted)";
    const auto run = [](void* ctx, std::int32_t) {
        std::unique_ptr<Late> late(static_cast<Late*>(ctx));
        late->done(late->ctx, TOTEM_E_UNAVAILABLE, late->body);
    };
    auto late = std::make_unique<Late>(Late{ask.done, ask.ctx, Body(reason).release()});
    const auto* timer = hostExtension<totem_host_timer>(host, TOTEM_EXT_TIMER);
    if (TOTEM_HAS(timer, start)) {
        timer->start(host, 0, run, late.release());
    } else {
        run(late.release(), 1);
    }
}

}  // namespace v0
}  // namespace totem
