#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "worker/unique_fd.hpp"

namespace totemd {

/// The host's end of the frames that totem/worker.hpp describes: non-blocking, one at a time.
struct FrameHeader {
    std::uint32_t length = 0;
    std::uint32_t fdCount = 0;
    std::uint64_t id = 0;
};
static_assert(sizeof(FrameHeader) == 16, "the header is the wire format");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the wire format is little-endian");

constexpr std::size_t kMaxFrameFds = 16;

/// One frame on its way out. Owns payload and descriptors until they are sent.
class FrameWriter {
public:
    enum class Result { done, blocked, failed };

    void begin(std::uint64_t id, std::string payload, std::vector<UniqueFd> fds);
    /// Sends what the socket takes; call again when it is writable.
    Result flush(int socket);
    bool untouched() const { return sent_ == 0; }
    bool pending() const { return pending_; }
    /// Takes back a frame of which nothing was sent.
    std::string takePayload() { return std::move(payload_); }
    std::vector<UniqueFd> takeFds() { return std::move(fds_); }

private:
    FrameHeader header_;
    std::string payload_;
    std::vector<UniqueFd> fds_;
    std::size_t sent_ = 0;
    bool pending_ = false;
};

/// One frame on its way in. After `frame`, take what is wanted and call `reset`.
class FrameReader {
public:
    enum class Result { frame, blocked, closed, broken };

    explicit FrameReader(std::uint32_t maxPayload) : maxPayload_(maxPayload) {}

    /// Receives once. `broken`: too long, descriptors that do not match, or bytes behind the frame
    /// (a worker speaks only when asked). The peer is not to be trusted any more then.
    Result read(int socket);
    void reset();

    const FrameHeader& header() const { return header_; }
    const std::string& payload() const { return payload_; }
    std::string takePayload() { return std::move(payload_); }
    std::vector<UniqueFd> takeFds() { return std::move(fds_); }

private:
    Result take(std::size_t count, const char* scratch);

    const std::uint32_t maxPayload_;
    FrameHeader header_;
    std::size_t headerBytes_ = 0;
    std::string payload_;
    std::size_t payloadBytes_ = 0;
    std::vector<UniqueFd> fds_;
};

}  // namespace totemd
