// Any bytes as a message of the flow worker: two parts that lie within it, or nothing.
#include <cstdlib>
#include <string>

#include "../../plugins/flows/protocol/flow_frame.hpp"
#include "parts.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes = bytesOf(data, size);
    const auto frame = totem::flows::decodeFlowFrame(bytes);
    if (!frame) return 0;
    if (4 + frame->header.size() + frame->body.size() != bytes.size()) std::abort();
    if (totem::flows::encodeFlowFrame(frame->header, frame->body) != bytes) std::abort();
    return 0;
}
