// Feeds a request parser whole, and again in pieces whose sizes come from the first byte: both must
// come to the same end, at the same place, with the same body. A connection does no more with it.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/request_parser.hpp"

using namespace totemd;

namespace {

struct End {
    RequestParser::State state = RequestParser::State::Head;
    std::string target;
    std::string body;
    std::size_t used = 0;
    std::size_t headers = 0;
};

void checkComplete(const RequestParser& parser, const HttpRequest& request, const End& end) {
    if (request.path.empty() || request.method.empty()) std::abort();
    if (parser.contentLength() != 0 && parser.contentLength() != end.body.size()) std::abort();
    for (const HttpHeader& header : request.headers) {
        const auto breaks = [](const std::string& text) {
            return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos;
        };
        if (breaks(header.name) || breaks(header.value)) std::abort();
    }
}

End parse(std::string_view bytes, std::size_t step) {
    constexpr std::uint64_t kBodyLimit = 4096;
    End end;
    RequestParser parser({1024, 256, 16}, [&end](std::string_view piece) {
        end.body.append(piece);
        if (end.body.size() > kBodyLimit) std::abort();
        return true;
    });
    std::string pending;
    bool limited = false;
    while (!bytes.empty()) {
        pending += bytes.substr(0, step);
        bytes.remove_prefix(std::min(step, bytes.size()));
        std::size_t taken = 1;
        while (taken > 0 && !pending.empty()) {
            taken = parser.feed(pending);
            if (taken > pending.size()) std::abort();
            pending.erase(0, taken);
            end.used += taken;
            if (!limited && parser.state() == RequestParser::State::Body) {
                limited = true;
                parser.setBodyLimit(kBodyLimit);
            }
        }
        if (parser.state() == RequestParser::State::Done ||
            parser.state() == RequestParser::State::Failed) {
            break;
        }
        if (pending.size() > 2 * 1024 + step) std::abort();  // what a connection keeps is bounded
    }
    end.state = parser.state();
    end.target = parser.request().target;
    end.headers = parser.request().headers.size();
    if (end.state == RequestParser::State::Done) checkComplete(parser, parser.request(), end);
    return end;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const End whole = parse(bytes, bytes.size() + 1);
    const End cut = parse(bytes, data[0] % 61 + 1);
    const bool done = whole.state == RequestParser::State::Done;
    if (done != (cut.state == RequestParser::State::Done)) std::abort();
    if (done && (whole.used != cut.used || whole.body != cut.body || whole.target != cut.target ||
                 whole.headers != cut.headers)) {
        std::abort();
    }
    return 0;
}
