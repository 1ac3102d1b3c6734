#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/http_message.hpp"

namespace totemd {

/// The `Date: …` line, made once a second. Threads: one.
class DateLine {
public:
    std::string_view at(std::int64_t unixNs);

private:
    std::int64_t second_ = -1;
    std::string line_;
};

/// True when every header can be written without changing the message around it, and the status
/// is a final one.
bool isSendable(const HttpResponse& response);

/// Whether the handler asks for the connection to be closed after this answer.
bool asksToClose(const HttpResponse& response);

/// Appends status line and headers with the empty line to `out`. `Connection` is always written
/// out, since clients of HTTP/1.0 need to see keep-alive.
void appendHead(std::string& out, const HttpResponse& response, std::string_view dateLine,
                bool keepAlive);

}  // namespace totemd
