#include "interpreter_client.hpp"

#include "../protocol/flow_frame.hpp"

namespace totem::flows {

Task<InterpreterAnswer> InterpreterClient::ask(std::int32_t worker, std::string_view header,
                                               std::string_view body, AskOptions options) {
    const std::string message = encodeFlowFrame(header, body);
    Answer answer = co_await workers_.ask("flow", worker, message, options);
    InterpreterAnswer result;
    result.status = answer.status;
    result.worker = answer.body.code();
    if (!answer.ok()) {
        result.error = std::string(answer.text());
        co_return result;
    }
    const auto frame = decodeFlowFrame(answer.text());
    result.header = frame ? Json::parse(frame->header, nullptr, false) : Json();
    if (!result.header.is_object()) {
        result.status = Status::kFault;
        result.error = "the flow worker answered with no frame";
        co_return result;
    }
    result.body = std::string(frame->body);
    co_return result;
}

}  // namespace totem::flows
