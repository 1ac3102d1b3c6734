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

    std::string op() const { return header.value("op", ""); }
    /// The worker ended with the request: its runs are lost and can be restored elsewhere.
    bool workerLost() const { return status == Status::kGone || killed(); }
    /// It was ended because this request overran its time or memory, or crashed it.
    bool killed() const { return status == Status::kDeadline || status == Status::kTooLarge; }
};

/// Speaks with the flow workers. Threads: any.
class InterpreterClient {
public:
    explicit InterpreterClient(const totem_host* host) : workers_(host) {}

    /// `worker` 0: any.
    Task<InterpreterAnswer> ask(std::int32_t worker, std::string_view header, std::string_view body, AskOptions options);

private:
    const Workers workers_;
};

}  // namespace totem::flows
