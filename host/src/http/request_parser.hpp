#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/http_message.hpp"

namespace totemd {

/// Reads one HTTP/1.x request from bytes as they come. Stricter than the grammar allows wherever
/// two readers could disagree about where a request ends: what it refuses is a 400, never a guess.
///
/// Threads: a value of one thread. Errors: state `Failed` with `failure()`; nothing throws.
class RequestParser {
public:
    struct Limits {
        std::size_t headerBytes;
        std::size_t targetBytes;
        std::size_t headerCount;
    };
    enum class State {
        Head,    ///< the header is not complete
        Body,    ///< the header is; `setBodyLimit` before feeding on
        Done,    ///< the request is complete
        Failed,  ///< refused; the connection cannot be used any more
    };
    struct Failure {
        int status = 400;
        std::string detail;
    };
    /// Gets decoded body bytes; false stops the parser (state Failed, failure() is the sink's).
    using BodySink = std::function<bool(std::string_view bytes)>;

    RequestParser(const Limits& limits, BodySink sink);
    ~RequestParser();
    RequestParser(const RequestParser&) = delete;
    RequestParser& operator=(const RequestParser&) = delete;

    /// Takes bytes from the front of `input`, returns how many. What is left over must be given
    /// again, with more behind it (Head, Body), or belongs to the next request (Done). Returns at
    /// the end of the header, so that its reader can decide before any of the body is taken.
    std::size_t feed(std::string_view input);
    State state() const { return state_; }
    const Failure& failure() const { return failure_; }

    /// Fails with 413 at once when the announced length is above it, and later when chunks are.
    void setBodyLimit(std::uint64_t bytes);
    /// The announced length, 0 for a chunked body.
    std::uint64_t contentLength() const { return contentLength_; }
    bool expectsContinue() const { return expectsContinue_; }

    /// Everything but the body and what only the connection knows.
    HttpRequest& request() { return request_; }

private:
    class Grammar;  // Beast's parser

    std::size_t feedHead(std::string_view input);
    std::size_t feedBody(std::string_view input);
    /// Where the header ends (behind its empty line) or 0; fails on what no header may contain.
    std::size_t findHeadEnd(std::string_view input);
    void parseHead(std::string_view head);
    void fail(int status, std::string detail);

    const Limits limits_;
    const BodySink sink_;
    std::unique_ptr<Grammar> grammar_;
    State state_ = State::Head;
    Failure failure_;
    HttpRequest request_;
    std::size_t scanned_ = 0;    // bytes of an incomplete header that were looked at
    std::size_t lineStart_ = 0;  // in these bytes
    bool firstLineDone_ = false;
    std::uint64_t contentLength_ = 0;
    std::uint64_t bodyLimit_ = 0;
    std::uint64_t bodyBytes_ = 0;  // announced by chunk headers so far
    bool expectsContinue_ = false;
};

}  // namespace totemd
