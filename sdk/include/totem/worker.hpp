#pragma once

// The worker program's end of a Totem worker: a helper process that a plugin ships and the host
// runs outside the daemon. Whatever interprets hostile input lives in one.
//
//     int main() {
//         Engine engine;                  // load libraries, start helper threads, read data files
//         totem::worker::lockDown();      // totem/worker_sandbox.hpp: no files, no network from here
//         return totem::worker::serve(
//             [&](std::string_view payload, std::vector<totem::worker::Fd> fds) {
//                 return totem::worker::Reply{engine.run(payload)};
//             },
//             {"my-worker", "1.0"});
//     }
//
// The host gives a connected SOCK_STREAM unix socket as descriptor 3, /dev/null as 0 and 1, and
// reads what is written to 2 (its last lines go to the log when the worker dies). Frames, both
// ways: little-endian u32 payload length, u32 number of descriptors, u64 request id, then the
// payload; descriptors travel by SCM_RIGHTS with the first byte of their frame. The worker's first
// frame (id 0) says that it is ready; then one reply, with the same id, for each request.
//
// Needs C++17 and Linux. `lockDown` is in totem/worker_sandbox.hpp, which needs libseccomp.

#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace totem::worker {

constexpr int kSocket = 3;
constexpr std::uint32_t kMaxFds = 16;  // per frame

/// Owns a file descriptor.
class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) reset(std::exchange(other.fd_, -1));
        return *this;
    }
    ~Fd() { reset(); }

    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }
    void reset(int fd = -1) {
        if (fd_ >= 0) ::close(fd_);
        fd_ = fd;
    }

private:
    int fd_ = -1;
};

struct Reply {
    std::string payload;
    std::vector<Fd> fds = {};  // sent to the host, then closed here
};

struct Options {
    std::string name;
    std::string version;
    std::uint32_t maxPayload = 64u << 20;  // bytes; a longer frame ends the worker
};

namespace detail {

struct Header {
    std::uint32_t length;
    std::uint32_t fdCount;
    std::uint64_t id;
};
static_assert(sizeof(Header) == 16, "the header is the wire format");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the wire format is little-endian");

/// Blocking frames over descriptor 3. Errors: std::system_error, std::runtime_error.
class Channel {
public:
    explicit Channel(std::uint32_t maxPayload) : maxPayload_(maxPayload) {}

    /// The next frame, or false when the host closed its end. `payload` is valid until the next
    /// call.
    bool read(Header& header, std::string_view& payload, std::vector<Fd>& fds) {
        if (buffer_.size() > kKeep) std::vector<char>().swap(buffer_);
        if (buffer_.size() < kFirst) buffer_.resize(kFirst);
        // Usually one call brings the whole frame; the host sends nothing before our reply.
        std::size_t have = receive(0, buffer_.size(), fds);
        if (have == 0) return false;
        while (have < sizeof header) have += more(have, buffer_.size() - have, fds);
        std::memcpy(&header, buffer_.data(), sizeof header);
        if (header.length > maxPayload_) throw std::runtime_error("request frame is too long");
        const std::size_t total = sizeof header + header.length;
        if (buffer_.size() < total) buffer_.resize(total);
        while (have < total) have += more(have, total - have, fds);
        if (have > total || fds.size() != header.fdCount) {
            throw std::runtime_error("request frame does not match its header");
        }
        payload = {buffer_.data() + sizeof header, header.length};
        return true;
    }

    void write(std::uint64_t id, std::string_view payload, const std::vector<Fd>& fds) {
        if (payload.size() > maxPayload_ || fds.size() > kMaxFds) {
            throw std::runtime_error("reply is too long: " + std::to_string(payload.size()) +
                                     " bytes, " + std::to_string(fds.size()) + " descriptors");
        }
        Header header{static_cast<std::uint32_t>(payload.size()),
                      static_cast<std::uint32_t>(fds.size()), id};
        iovec parts[2] = {{&header, sizeof header},
                          {const_cast<char*>(payload.data()), payload.size()}};
        alignas(cmsghdr) char control[CMSG_SPACE(kMaxFds * sizeof(int))] = {};
        msghdr message{};
        message.msg_iov = parts;
        message.msg_iovlen = 2;
        attach(message, control, fds);
        std::size_t left = sizeof header + payload.size();
        while (left > 0) {
            const ssize_t sent = ::sendmsg(kSocket, &message, MSG_NOSIGNAL);
            if (sent < 0 && errno == EINTR) continue;
            if (sent < 0)
                throw std::system_error(errno, std::generic_category(), "sending a reply");
            left -= static_cast<std::size_t>(sent);
            message.msg_control = nullptr;
            message.msg_controllen = 0;
            advance(message, static_cast<std::size_t>(sent));
        }
    }

private:
    static constexpr std::size_t kFirst = 64u << 10;
    static constexpr std::size_t kKeep = 1u << 20;  // a larger buffer is given back

    static void attach(msghdr& message, char* control, const std::vector<Fd>& fds) {
        if (fds.empty()) return;
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

    static void advance(msghdr& message, std::size_t count) {
        while (message.msg_iovlen > 0 && count >= message.msg_iov->iov_len) {
            count -= message.msg_iov->iov_len;
            ++message.msg_iov;
            --message.msg_iovlen;
        }
        if (count > 0) {
            message.msg_iov->iov_base = static_cast<char*>(message.msg_iov->iov_base) + count;
            message.msg_iov->iov_len -= count;
        }
    }

    std::size_t more(std::size_t offset, std::size_t size, std::vector<Fd>& fds) {
        const std::size_t count = receive(offset, size, fds);
        if (count == 0) throw std::runtime_error("the host closed the socket inside a frame");
        return count;
    }

    std::size_t receive(std::size_t offset, std::size_t size, std::vector<Fd>& fds) {
        iovec part{buffer_.data() + offset, size};
        alignas(cmsghdr) char control[CMSG_SPACE(kMaxFds * sizeof(int))];
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        ssize_t count = 0;
        do {
            count = ::recvmsg(kSocket, &message, MSG_CMSG_CLOEXEC);
        } while (count < 0 && errno == EINTR);
        if (count < 0)
            throw std::system_error(errno, std::generic_category(), "receiving a request");
        for (cmsghdr* head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
            if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
            const std::size_t n = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (std::size_t i = 0; i < n; ++i) {
                int fd = -1;
                std::memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof fd);
                fds.emplace_back(fd);
            }
        }
        return static_cast<std::size_t>(count);
    }

    const std::uint32_t maxPayload_;
    std::vector<char> buffer_;
};

}  // namespace detail

/// Announces that the worker is ready, then answers requests one at a time until the host closes
/// the socket. Call it last, after warm-up and `lockDown()`, from the main thread.
/// `handler(std::string_view payload, std::vector<Fd> fds)` returns a Reply; the payload is valid
/// until it returns, descriptors it does not keep are closed.
/// Returns what main should return: 0 when the host closed the socket, 1 after an error, which is
/// written to stderr. An exception from the handler is such an error: the request is then answered
/// "crashed" by the host, so catch what you expect.
template <typename Handler>
int serve(Handler&& handler, const Options& options) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
        detail::Channel channel(options.maxPayload);
        channel.write(0, "totem-worker 1\n" + options.name + "\n" + options.version + "\n", {});
        detail::Header header{};
        std::string_view payload;
        for (std::vector<Fd> fds; channel.read(header, payload, fds); fds.clear()) {
            const Reply reply = handler(payload, std::move(fds));
            channel.write(header.id, reply.payload, reply.fds);
        }
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", options.name.c_str(), error.what());
        return 1;
    }
}

}  // namespace totem::worker
