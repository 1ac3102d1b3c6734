#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace totemd::test {

/// A socket that sends exactly the bytes it is told. Waits at most ten seconds for an answer, so
/// that a test that would hang fails instead.
class RawClient {
public:
    explicit RawClient(std::uint16_t port, bool ipv6 = false);
    ~RawClient();
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    /// False when the server has closed.
    bool send(std::string_view bytes) const;
    /// Ends our sending side.
    void finish() const;
    void close();
    /// Closes with a reset.
    void reset();
    void setReceiveBuffer(int bytes) const;

    struct Answer {
        int status = 0;  ///< 0: the connection was closed (or nothing came) instead
        std::string head;
        std::string body;
    };
    /// One answer, by its Content-Length. `noBody` for the answer to HEAD.
    Answer read(bool noBody = false);
    /// True when the server closes without sending anything more.
    bool closed();
    int fd() const { return fd_; }

private:
    bool fill();

    int fd_ = -1;
    std::string buffer_;
};

}  // namespace totemd::test
