#include "http/request_parser.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstring>
#include <limits>

#include "http/request_checks.hpp"

namespace totemd {
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

/// A client library or a browser sends about so many.
constexpr std::size_t kUsualHeaders = 12;

/// Collects what Beast finds. Any error code ends the parsing; what is told to the client is in
/// the owner's failure when that was set first.
class RequestParser::Grammar final : public bhttp::basic_parser<true> {
public:
    explicit Grammar(RequestParser& owner) : owner_(owner) {
        header_limit(std::numeric_limits<std::uint32_t>::max());
        // Not boost::none: this version takes "no limit" for "nothing is allowed".
        body_limit(std::numeric_limits<std::uint64_t>::max());
    }
    int minorVersion() const { return minorVersion_; }
    bool atChunkHeader() const { return chunked() && chunkLeft_ == 0; }

private:
    using Error = bhttp::error;
    using Code = beast::error_code;

    void on_request_impl(bhttp::verb, beast::string_view method, beast::string_view target,
                         int version, Code&) override {
        minorVersion_ = version - 10;
        owner_.request_.method.assign(method.data(), method.size());
        owner_.request_.target.assign(target.data(), target.size());
        owner_.request_.headers.reserve(kUsualHeaders);
    }
    void on_response_impl(int, beast::string_view, int, Code&) override {}
    void on_field_impl(bhttp::field, beast::string_view name, beast::string_view value,
                       Code&) override {
        if (headDone_) return;  // a trailer: checked for its form, then forgotten
        owner_.request_.headers.push_back(
            {std::string(name.data(), name.size()), std::string(value.data(), value.size())});
    }
    void on_header_impl(Code&) override { headDone_ = true; }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
    std::size_t on_body_impl(beast::string_view bytes, Code& error) override {
        return store(bytes, error);
    }
    void on_chunk_header_impl(std::uint64_t size, beast::string_view extension,
                              Code& error) override {
        // A control character inside a quoted extension is where readers disagree about the line.
        const bool clean = std::none_of(extension.begin(), extension.end(), [](unsigned char c) {
            return (c < 32 && c != '\t') || c == 127;
        });
        if (!clean) {
            owner_.fail(400, "a chunk extension has control characters");
        } else if (size > owner_.bodyLimit_ - owner_.bodyBytes_) {
            owner_.fail(413, "the body is larger than this address accepts");
        } else {
            owner_.bodyBytes_ += size;
            chunkLeft_ = size;
            return;
        }
        error = Error::bad_chunk;
    }
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, Code& error) override {
        chunkLeft_ -= bytes.size();
        return store(bytes, error);
    }
    void on_finish_impl(Code&) override {}

    std::size_t store(beast::string_view bytes, Code& error) {
        if (owner_.sink_(std::string_view(bytes.data(), bytes.size()))) return bytes.size();
        owner_.fail(507, "the body could not be stored");
        error = Error::body_limit;
        return 0;
    }

    RequestParser& owner_;
    int minorVersion_ = 1;
    bool headDone_ = false;
    std::uint64_t chunkLeft_ = 0;
};

RequestParser::RequestParser(const Limits& limits, BodySink sink)
    : limits_(limits), sink_(std::move(sink)), grammar_(std::make_unique<Grammar>(*this)) {}

RequestParser::~RequestParser() = default;

std::size_t RequestParser::feed(std::string_view input) {
    if (state_ == State::Head) return feedHead(input);
    if (state_ == State::Body) return feedBody(input);
    return 0;
}

std::size_t RequestParser::feedHead(std::string_view input) {
    std::size_t skipped = 0;
    // Empty lines before a request are allowed, and some clients send one behind a body.
    while (scanned_ == 0 && input.substr(0, 2) == "\r\n") {
        input.remove_prefix(2);
        skipped += 2;
    }
    if (input.empty() || input == "\r") return skipped;
    // Said at once: a TLS greeting has no end of a line that could be waited for.
    if (scanned_ == 0 && (input[0] < 'A' || input[0] > 'z') && input[0] != '\r' &&
        input[0] != '\n') {
        fail(400, "the request does not begin with a method (TLS on a port without it?)");
        return skipped;
    }
    const std::size_t end = findHeadEnd(input);
    if (end == 0) return skipped;
    parseHead(input.substr(0, end));
    return skipped + end;
}

std::size_t RequestParser::findHeadEnd(std::string_view input) {
    std::size_t end = 0;
    while (end == 0 && state_ == State::Head) {
        const void* found = std::memchr(input.data() + scanned_, '\n', input.size() - scanned_);
        if (found == nullptr) {
            scanned_ = input.size();
            break;
        }
        const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - input.data());
        scanned_ = at + 1;
        if (at == 0 || input[at - 1] != '\r') {
            fail(400, "a header line does not end with CR LF");
        } else if (at - 1 == lineStart_) {
            end = at + 1;
        } else if (input[lineStart_] == ' ' || input[lineStart_] == '\t') {
            fail(400, "a header line starts with white space");
        }
        lineStart_ = at + 1;
        if (!firstLineDone_ && at > limits_.targetBytes + 32) break;
        firstLineDone_ = true;
    }
    if (state_ == State::Failed) return 0;
    if (!firstLineDone_ && scanned_ > limits_.targetBytes + 32) {
        fail(414, "the request target is too long");
    } else if (scanned_ > limits_.headerBytes) {
        fail(431, "the header is too large");
    }
    return state_ == State::Head ? end : 0;
}

namespace {

/// "HTTP/2.0" and the like: well-formed, but not spoken here.
bool namesOtherVersion(std::string_view head) {
    const std::string_view line = head.substr(0, head.find('\r'));
    const std::size_t at = line.rfind(" HTTP/");
    const auto digit = [&line](std::size_t i) { return line[i] >= '0' && line[i] <= '9'; };
    return at != std::string_view::npos && line.size() == at + 9 &&
           at == line.find(' ', line.find(' ') + 1) && digit(at + 6) && line[at + 7] == '.' &&
           digit(at + 8);
}

}  // namespace

void RequestParser::parseHead(std::string_view head) {
    std::size_t used = 0;
    beast::error_code error;
    while (used < head.size() && !grammar_->is_header_done() && !error) {
        used +=
            grammar_->put(boost::asio::const_buffer(head.data() + used, head.size() - used), error);
    }
    if (error == bhttp::error::bad_version && namesOtherVersion(head)) {
        return fail(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    }
    if (error || !grammar_->is_header_done() || used != head.size()) {
        return fail(400, "the header is malformed: " + error.message());
    }
    if (request_.headers.size() > limits_.headerCount) return fail(431, "too many headers");
    if (request_.target.size() > limits_.targetBytes) {
        return fail(414, "the request target is too long");
    }
    HeadVerdict verdict = checkHead(request_, grammar_->minorVersion());
    if (verdict.status != 0) return fail(verdict.status, std::move(verdict.detail));
    // Both readings of the framing must agree, or there is a hole in one of them.
    if (grammar_->chunked() != verdict.chunked ||
        grammar_->content_length().value_or(0) != verdict.contentLength) {
        return fail(400, "the length of the body is not clear");
    }
    contentLength_ = verdict.contentLength;
    expectsContinue_ = verdict.expectsContinue;
    request_.keepAlive = grammar_->keep_alive();
    state_ = grammar_->is_done() ? State::Done : State::Body;
}

std::size_t RequestParser::feedBody(std::string_view input) {
    std::size_t used = 0;
    // The shortest end of a chunked body; given less of it, this version of Beast asserts.
    constexpr std::size_t kShortestEnd = 5;
    while (used < input.size()) {
        if (grammar_->atChunkHeader() && input.size() - used < kShortestEnd) break;
        beast::error_code error;
        const std::size_t taken = grammar_->put(
            boost::asio::const_buffer(input.data() + used, input.size() - used), error);
        used += taken;
        if (state_ == State::Failed) break;
        if (error == bhttp::error::need_more) {
            if (input.size() - used > limits_.headerBytes) {
                fail(431, "a chunk header or the trailers are too large");
            }
            break;
        }
        if (error) {
            fail(400, "the body is malformed: " + error.message());
            break;
        }
        if (grammar_->is_done()) {
            state_ = State::Done;
            break;
        }
    }
    return used;
}

void RequestParser::setBodyLimit(std::uint64_t bytes) {
    bodyLimit_ = bytes;
    if (contentLength_ > bytes) fail(413, "the body is larger than this address accepts");
}

void RequestParser::fail(int status, std::string detail) {
    state_ = State::Failed;
    failure_ = {status, std::move(detail)};
}

}  // namespace totemd
