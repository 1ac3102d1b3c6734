#pragma once

#include <cstdint>
#include <string>

#include <totem/draft/task.hpp>
#include <totem/json.hpp>
#include <totem/workers.hpp>

namespace totem::flows {

/// What a worker answered to one message (interpreter/PROTOCOL.md).
struct InterpreterAnswer {
    Status status = Status::kFault;
    std::int32_t worker = 0;
    Json header;
    std::string body;
    std::string error;  ///< why, when status is not kOk

    std::string op() const { return header.is_object() ? header.value("op", "") : ""; }
    /// A worker was ended because this request overran its time or memory. Without a worker the
    /// request only waited too long.
    bool killed() const {
        return worker != 0 && (status == Status::kDeadline || status == Status::kTooLarge);
    }
    /// A worker died with this request, which need not be the reason.
    bool crashed() const { return worker != 0 && status == Status::kGone; }
    /// The worker that was asked for had ended before: its runs can be restored elsewhere.
    bool vanished() const { return worker == 0 && status == Status::kGone; }
};

/// Speaks with the flow workers. Threads: any.
class InterpreterClient {
public:
    explicit InterpreterClient(const totem_host* host) : workers_(host) {}

    /// `worker` 0: any.
    Task<InterpreterAnswer> ask(std::int32_t worker, std::string_view header, std::string_view body,
                                AskOptions options);

private:
    const Workers workers_;
};

}  // namespace totem::flows
