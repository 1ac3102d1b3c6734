#include "worker/frame.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace totemd {
namespace {

constexpr std::size_t kScratch = 64u << 10;
constexpr std::size_t kControl = CMSG_SPACE(kMaxFrameFds * sizeof(int));

void attach(msghdr& message, char* control, const std::vector<UniqueFd>& fds) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    for (std::size_t i = 0; i < fds.size(); ++i) {
        const int fd = fds[i].get();
        std::memcpy(CMSG_DATA(head) + i * sizeof(int), &fd, sizeof fd);
    }
}

void collect(msghdr& message, std::vector<UniqueFd>& fds) {
    for (cmsghdr* head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof fd);
            fds.emplace_back(fd);
        }
    }
}

}  // namespace

void FrameWriter::begin(std::uint64_t id, std::string payload, std::vector<UniqueFd> fds) {
    header_ = {static_cast<std::uint32_t>(payload.size()), static_cast<std::uint32_t>(fds.size()),
               id};
    payload_ = std::move(payload);
    fds_ = std::move(fds);
    sent_ = 0;
    pending_ = true;
}

FrameWriter::Result FrameWriter::flush(int socket) {
    const std::size_t total = sizeof header_ + payload_.size();
    while (sent_ < total) {
        iovec parts[2];
        msghdr message{};
        message.msg_iov = parts;
        if (sent_ < sizeof header_) {
            parts[message.msg_iovlen++] = {reinterpret_cast<char*>(&header_) + sent_,
                                           sizeof header_ - sent_};
        }
        const std::size_t payloadSent = sent_ > sizeof header_ ? sent_ - sizeof header_ : 0;
        if (payloadSent < payload_.size()) {
            parts[message.msg_iovlen++] = {payload_.data() + payloadSent,
                                           payload_.size() - payloadSent};
        }
        alignas(cmsghdr) char control[kControl] = {};
        if (sent_ == 0 && !fds_.empty()) attach(message, control, fds_);
        const ssize_t count = sendmsg(socket, &message, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno == EAGAIN ? Result::blocked : Result::failed;
        sent_ += static_cast<std::size_t>(count);
        fds_.clear();
    }
    pending_ = false;
    payload_ = std::string();
    return Result::done;
}

FrameReader::Result FrameReader::read(int socket) {
    // A frame of usual size comes with one call, header and payload apart; the rest of a long one
    // goes straight to its place.
    static thread_local char scratch[kScratch];
    const bool wantsHeader = headerBytes_ < sizeof header_;
    if (!wantsHeader && payload_.size() == payloadBytes_) {
        // Grow with what has come: the length is only the peer's word.
        payload_.resize(
            std::min<std::size_t>(header_.length, std::max(payloadBytes_ * 2, kScratch * 4)));
    }
    iovec parts[2] = {
        {reinterpret_cast<char*>(&header_) + headerBytes_, sizeof header_ - headerBytes_},
        {scratch, sizeof scratch}};
    if (!wantsHeader) parts[0] = {payload_.data() + payloadBytes_, payload_.size() - payloadBytes_};
    alignas(cmsghdr) char control[kControl];
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = wantsHeader ? 2 : 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t count = 0;
    do {
        count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    if (count < 0) return errno == EAGAIN ? Result::blocked : Result::closed;
    if (count == 0) return Result::closed;
    collect(message, fds_);
    if ((message.msg_flags & MSG_CTRUNC) != 0) return Result::broken;
    return take(static_cast<std::size_t>(count), scratch);
}

FrameReader::Result FrameReader::take(std::size_t count, const char* scratch) {
    if (headerBytes_ < sizeof header_) {
        const std::size_t head = std::min(count, sizeof header_ - headerBytes_);
        headerBytes_ += head;
        if (headerBytes_ < sizeof header_) return Result::blocked;
        count -= head;
        if (header_.length > maxPayload_ || header_.fdCount > kMaxFrameFds ||
            count > header_.length) {
            return Result::broken;
        }
        payload_.assign(scratch, count);
    }
    payloadBytes_ += count;
    if (payloadBytes_ < header_.length) return Result::blocked;
    return fds_.size() == header_.fdCount ? Result::frame : Result::broken;
}

void FrameReader::reset() {
    headerBytes_ = 0;
    payload_ = std::string();
    payloadBytes_ = 0;
    fds_.clear();
}

}  // namespace totemd
