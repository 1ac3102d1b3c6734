#include "http/output_queue.hpp"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace totemd {
namespace {

constexpr std::uint64_t kTurnBytes = 1024 * 1024;

OutputQueue::Result afterError() {
    const bool blocked = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    return blocked ? OutputQueue::Result::More : OutputQueue::Result::Failed;
}

}  // namespace

OutputQueue::Result OutputQueue::write(int socket, std::uint64_t& sent) {
    const Result bytes = writeBytes(socket, sent);
    if (bytes != Result::Done || std::holds_alternative<std::string>(body_)) return bytes;
    return writeFile(socket, sent);
}

OutputQueue::Result OutputQueue::writeBytes(int socket, std::uint64_t& sent) {
    const auto* text = std::get_if<std::string>(&body_);
    const std::size_t total = head_.size() + (text != nullptr ? text->size() : 0);
    const std::uint64_t turnEnd = offset_ + kTurnBytes;
    while (offset_ < total) {
        if (offset_ >= turnEnd) return Result::More;
        std::array<iovec, 2> parts{};
        std::size_t count = 0;
        const auto add = [&](const std::string& bytes, std::size_t from) {
            if (from < bytes.size()) {
                parts[count++] = {const_cast<char*>(bytes.data()) + from, bytes.size() - from};
            }
        };
        add(head_, offset_);
        if (text != nullptr) add(*text, offset_ > head_.size() ? offset_ - head_.size() : 0);
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = count;
        // With a file to follow, the head waits for its first bytes.
        const ssize_t n = sendmsg(socket, &message,
                                  MSG_NOSIGNAL | MSG_DONTWAIT | (text == nullptr ? MSG_MORE : 0));
        if (n < 0) return afterError();
        offset_ += static_cast<std::size_t>(n);
        sent += static_cast<std::uint64_t>(n);
    }
    return Result::Done;
}

OutputQueue::Result OutputQueue::writeFile(int socket, std::uint64_t& sent) {
    auto& range = std::get<FileRange>(body_);
    std::uint64_t turn = 0;
    while (range.length > 0) {
        if (turn >= kTurnBytes) return Result::More;
        auto offset = static_cast<off_t>(range.offset);
        const std::size_t want = std::min(range.length, kTurnBytes);
        const ssize_t n = sendfile(socket, range.file->fd(), &offset, want);
        if (n < 0) return afterError();
        if (n == 0) return Result::Failed;
        range.offset += static_cast<std::uint64_t>(n);
        range.length -= static_cast<std::uint64_t>(n);
        turn += static_cast<std::uint64_t>(n);
        sent += static_cast<std::uint64_t>(n);
    }
    return Result::Done;
}

}  // namespace totemd
