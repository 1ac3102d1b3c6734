// Any bytes as a webhook of Chatwoot: an event of the journal, or a refusal. Also what goes back to
// Chatwoot: no template mark may survive.
#include <cstdlib>
#include <totem/json.hpp>
#include <totem/status.hpp>

#include "authentication.hpp"
#include "classify.hpp"
#include "parts.hpp"
#include "text.hpp"

using namespace totem;

namespace {

void checkText(std::string_view bytes) {
    const std::string safe = chatwoot::neutralizeLiquid(bytes);
    if (safe.find("{{") != std::string::npos || safe.find("{%") != std::string::npos) std::abort();
    static_cast<void>(chatwoot::whatsappToMarkdown(bytes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes = bytesOf(data, size);
    checkText(bytes);
    const Json body = Json::parse(bytes, nullptr, false);
    if (body.is_discarded()) return 0;
    try {
        const Json event = chatwoot::eventOf(body, bytes, Json::object(), 1);
        if (!event.at("type").is_string()) std::abort();
        static_cast<void>(event.dump());  // throws for what is not UTF-8
    } catch (const Failure&) {
    }
    return 0;
}
