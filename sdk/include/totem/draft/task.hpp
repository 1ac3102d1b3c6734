#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "totem/ask.hpp"
#include "totem/http.hpp"

/// Coroutines over asks (C++20): code that waits in several steps reads top to bottom.
///
///   onRoute("query", totem::async([this](Call& call, Request request) -> Task<Response> {
///       Answer answer = co_await http_.ask(HttpOut("GET", url), AskOptions(call));
///       co_return Response::json(std::string(answer.text()));
///   }));
///
/// After a co_await the coroutine goes on on the completion thread: it must not block there.
/// With g++ 12 name braced aggregates, initialiser lists and capturing lambdas before the co_await
/// expression that uses them: inside it their temporaries are destroyed twice. Classes with a
/// constructor (HttpOut, AskOptions) are safe.
namespace totem {
inline namespace v0 {

/// A lazily started coroutine with one awaiter. Move-only.
template <typename T>
class [[nodiscard]] Task {
public:
    struct promise_type {
        std::optional<T> value;
        std::exception_ptr error;
        std::coroutine_handle<> continuation;
        std::atomic<bool> met{
            false};  // set by whoever comes first: the end, or the awaiter's suspension

        Task get_return_object() {
            return Task(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        auto final_suspend() noexcept {
            struct Final {
                bool await_ready() noexcept { return false; }
                void await_suspend(std::coroutine_handle<promise_type> self) noexcept {
                    auto continuation = self.promise().continuation;
                    if (self.promise().met.exchange(true, std::memory_order_acq_rel))
                        continuation.resume();
                }
                void await_resume() noexcept {}
            };
            return Final{};
        }
        template <typename U>
        void return_value(U&& result) {
            value.emplace(std::forward<U>(result));
        }
        void unhandled_exception() { error = std::current_exception(); }
    };

    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    Task& operator=(Task&&) = delete;
    ~Task() {
        if (handle_) handle_.destroy();
    }

    bool await_ready() const noexcept { return false; }
    /// No symmetric transfer: g++ overflows the stack with it in unoptimised builds.
    bool await_suspend(std::coroutine_handle<> awaiter) {
        auto& promise = handle_.promise();
        promise.continuation = awaiter;
        handle_.resume();
        return !promise.met.exchange(true, std::memory_order_acq_rel);
    }
    T await_resume() {
        auto& promise = handle_.promise();
        if (promise.error) std::rethrow_exception(promise.error);
        return std::move(*promise.value);
    }

private:
    explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
    std::coroutine_handle<promise_type> handle_;
};

template <typename Start>
auto operator co_await(Pending<Start>&& pending) {
    struct Awaiter {
        Pending<Start>& pending;
        std::coroutine_handle<> awaiter{};
        Answer answer{};

        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> handle) {
            awaiter = handle;
            // Nothing may be touched after this: the answer may already have resumed us elsewhere.
            pending.go(this, [](void* ctx, totem_status status, totem_body* body) {
                auto& self = *static_cast<Awaiter*>(ctx);
                self.answer.status = static_cast<Status>(status);
                self.answer.body = Body(body);
                const detail::CompletionScope scope;
                self.awaiter.resume();
            });
        }
        Answer await_resume() { return std::move(answer); }
    };
    return Awaiter{pending};
}

/// `co_await Sleep(host, delayNs)`: true when the time is over, false when the instance stops first
/// (or the host offers no timers).
class Sleep {
public:
    Sleep(const totem_host* host, std::int64_t delayNs) : host_(host), delayNs_(delayNs) {}
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> handle) {
        const auto* timers = hostExtension<totem_host_timer>(host_, TOTEM_EXT_TIMER);
        if (!TOTEM_HAS(timers, start)) return false;
        handle_ = handle;
        // Nothing may be touched after this: the timer may already have resumed us elsewhere.
        timers->start(
            host_, delayNs_,
            [](void* ctx, std::int32_t fired) {
                auto& self = *static_cast<Sleep*>(ctx);
                self.fired_ = fired != 0;
                const detail::CompletionScope scope;
                self.handle_.resume();
            },
            this);
        return true;
    }
    bool await_resume() const noexcept { return fired_; }

private:
    const totem_host* host_;
    std::int64_t delayNs_;
    std::coroutine_handle<> handle_;
    bool fired_ = false;
};

/// Starts all tasks and gives their results in order: `co_await WhenAll<T>(std::move(tasks))`.
/// When some fail, all end first, then the first failure is thrown.
template <typename T>
class WhenAll {
public:
    explicit WhenAll(std::vector<Task<T>> tasks)
        : tasks_(std::move(tasks)), results_(tasks_.size()), open_(tasks_.size() + 1) {}

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> awaiter) {
        awaiter_ = awaiter;
        for (std::size_t i = 0; i < tasks_.size(); ++i) runOne(*this, i);
        return open_.fetch_sub(1, std::memory_order_acq_rel) != 1;
    }
    std::vector<T> await_resume() {
        if (error_) std::rethrow_exception(error_);
        std::vector<T> values;
        values.reserve(results_.size());
        for (auto& result : results_) values.push_back(std::move(*result));
        return values;
    }

private:
    struct Runner {
        struct promise_type {
            Runner get_return_object() { return {}; }
            std::suspend_never initial_suspend() noexcept { return {}; }
            std::suspend_never final_suspend() noexcept { return {}; }
            void return_void() {}
            void unhandled_exception() { std::terminate(); }
        };
    };
    static Runner runOne(WhenAll& all, std::size_t i) {
        try {
            T value = co_await std::move(all.tasks_[i]);
            all.results_[i].emplace(std::move(value));
        } catch (...) {
            std::lock_guard<std::mutex> lock(all.mutex_);
            if (!all.error_) all.error_ = std::current_exception();
        }
        if (all.open_.fetch_sub(1, std::memory_order_acq_rel) == 1) all.awaiter_.resume();
    }

    std::vector<Task<T>> tasks_;
    std::vector<std::optional<T>> results_;
    std::atomic<std::size_t> open_;
    std::coroutine_handle<> awaiter_;
    std::mutex mutex_;
    std::exception_ptr error_;  // guarded by mutex_
};

/// A coroutine that belongs to nobody: it ends by itself. Exceptions must be caught inside.
struct Detached {
    struct promise_type {
        Detached get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
};

template <typename Function, typename Argument>
Detached answerWith(Call call, Function function, Argument argument) {
    try {
        auto result = co_await function(call, argument);
        call.succeed(Body(std::move(result)));
    } catch (const Failure& failure) {
        call.fail(failure.status(), failure.what());
    } catch (const std::exception& error) {
        call.fail(Status::kFault, error.what());
    } catch (...) {
        call.fail(Status::kFault, "an exception without a message");
    }
}

/// A handler for onRoute, onAction, onReconcile or onEvent from a coroutine
/// Task<Response>(Call&, Request) or Task<std::string>(Call&, std::string_view); what it returns or
/// throws answers the call.
template <typename Function>
class Async {
public:
    explicit Async(Function function) : function_(std::move(function)) {}
    void operator()(Call& call, const Request& request) {
        answerWith(std::move(call), function_, request);
    }
    void operator()(Call& call, std::string_view input) {
        answerWith(std::move(call), function_, input);
    }

private:
    Function function_;
};
template <typename Function>
Async<Function> async(Function function) {
    return Async<Function>(std::move(function));
}

}  // namespace v0
}  // namespace totem
