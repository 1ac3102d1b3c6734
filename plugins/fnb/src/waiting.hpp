#pragma once

#include <coroutine>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

/// What coroutines of this plugin wait for beside asks.
namespace fnb {

/// Resumes `waiting` on this thread, never one inside the other: a long queue that is let go at
/// once must not need a deep stack.
void resumeInTurn(std::coroutine_handle<> waiting);

/// One result that any number of coroutines wait for. Threads: any. Held by a shared_ptr of whoever
/// waits or finishes it.
template <typename T>
class Flight : public std::enable_shared_from_this<Flight<T>> {
public:
    /// Once. Those who wait go on on this thread.
    void finish(T result) {
        std::vector<std::coroutine_handle<>> waiting;
        {
            std::lock_guard lock(mutex_);
            result_ = std::move(result);
            waiting.swap(waiting_);
        }
        for (const auto handle : waiting) resumeInTurn(handle);
    }

    auto wait() {
        struct Awaiter {
            std::shared_ptr<Flight> flight;
            bool await_ready() const noexcept { return false; }
            bool await_suspend(std::coroutine_handle<> handle) {
                std::lock_guard lock(flight->mutex_);
                if (flight->result_) return false;
                flight->waiting_.push_back(handle);
                return true;
            }
            T await_resume() {
                std::lock_guard lock(flight->mutex_);
                return *flight->result_;
            }
        };
        return Awaiter{this->shared_from_this()};
    }

private:
    std::mutex mutex_;
    std::optional<T> result_;
    std::vector<std::coroutine_handle<>> waiting_;
};

}  // namespace fnb
