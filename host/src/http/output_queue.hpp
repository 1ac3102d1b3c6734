#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "http/http_body.hpp"

namespace totemd {

/// What of an answer is not sent yet: some bytes, then a body in memory or in a file.
/// Threads: one. Errors: `Result::Failed` (the client is gone, or the file is shorter than said).
class OutputQueue {
public:
    enum class Result { Done, More, Failed };

    OutputQueue(std::string head, std::variant<std::string, FileRange> body)
        : head_(std::move(head)), body_(std::move(body)) {}

    /// Sends what the socket takes, at most about a megabyte at a time, so that one fast reader
    /// does not hold the loop. Adds what was sent to `sent`.
    Result write(int socket, std::uint64_t& sent);

private:
    Result writeBytes(int socket, std::uint64_t& sent);
    Result writeFile(int socket, std::uint64_t& sent);

    const std::string head_;
    std::variant<std::string, FileRange> body_;
    std::size_t offset_ = 0;  // in head and body in memory together
};

}  // namespace totemd
