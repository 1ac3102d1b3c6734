#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "plugin/host_call.hpp"
#include "totem/abi/call.h"

namespace totemd {

class PluginInstance;

/// One ask of a plugin that the daemon has accepted: what it inherits, and the way back to its
/// `done`, which runs on the plugin's completion thread, once.
///
/// Threads: `answer` from anywhere. Dropped unanswered, it answers TOTEM_E_ABANDONED.
class PendingAsk {
public:
    PendingAsk(PluginInstance& asker, const totem_ask& ask, std::int64_t deadlineNs);
    ~PendingAsk();
    PendingAsk(const PendingAsk&) = delete;
    PendingAsk& operator=(const PendingAsk&) = delete;

    void answer(totem_status status, totem::Body body = {});
    void answer(totem_status status, std::string sentence) {
        answer(status, totem::Body(std::move(sentence)));
    }

    bool waited() const { return waited_; }
    std::int64_t deadlineNs() const { return deadlineNs_; }
    const std::string& trace() const { return trace_; }
    const std::string& subject() const { return subject_; }
    const std::string& key() const { return key_; }
    const std::string& checkpointKey() const { return checkpointKey_; }
    std::string& checkpoint() { return checkpoint_; }
    const std::shared_ptr<Cancellation>& cancellation() const { return cancellation_; }
    bool cancelled() const { return cancellation_->cancelled(); }
    std::int64_t receivedUnixNs() const { return receivedUnixNs_; }
    /// The journal's number of the event whose delivery asks; 0 for any other cause.
    std::int64_t event() const { return event_; }

private:
    PluginInstance& asker_;
    void (*done_)(void*, totem_status, totem_body*);
    void* ctx_;
    std::int64_t deadlineNs_, receivedUnixNs_ = 0, event_ = 0;
    bool waited_ = false;
    std::string trace_, subject_, key_, checkpointKey_, checkpoint_;
    std::shared_ptr<Cancellation> cancellation_;
    std::atomic<bool> answered_{false};
};

}  // namespace totemd
