#include "waiting.hpp"

#include <deque>

namespace fnb {

void resumeInTurn(std::coroutine_handle<> waiting) {
    thread_local std::deque<std::coroutine_handle<>> queue;
    thread_local bool resuming = false;
    queue.push_back(waiting);
    if (resuming) return;
    resuming = true;
    while (!queue.empty()) {
        const auto next = queue.front();
        queue.pop_front();
        next.resume();
    }
    resuming = false;
}

}  // namespace fnb
