// Any bytes as a webhook of Evolution (first line: path and headers): at least one event, always.
// The same bytes as its token: never genuine.
#include <cstdlib>
#include <totem/json.hpp>

#include "address.hpp"
#include "authentication.hpp"
#include "classify.hpp"
#include "parts.hpp"
#include "reading.hpp"

using namespace totem;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes = bytesOf(data, size);
    std::string_view rest = bytes;
    const std::string_view path = takeLine(rest);
    if (evolution::checkToken(path, "a key that is not in the corpus", 1'781'791'332) ==
        evolution::Token::kGenuine) {
        std::abort();
    }
    Json body = evolution::parseLeniently(rest);
    if (body.is_discarded()) return 0;
    evolution::Webhook webhook = evolution::webhookOf(std::move(body), path, "", "");
    static_cast<void>(evolution::pairsIn(webhook));
    static_cast<void>(evolution::unknownLid(webhook));
    const std::vector<Json> events = evolution::eventsOf(std::move(webhook), "");
    if (events.empty()) std::abort();
    for (const Json& event : events) {
        if (!event.at("type").is_string() || !event.at("subject").is_string()) std::abort();
        static_cast<void>(event.dump());  // throws for what is not UTF-8
    }
    return 0;
}
