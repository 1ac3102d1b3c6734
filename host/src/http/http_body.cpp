#include "http/http_body.hpp"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace totemd {

FileHandle::~FileHandle() {
    if (fd_ >= 0) close(fd_);
}

std::string Body::read() const {
    if (!file_) return bytes_;
    std::string whole(size_, '\0');
    std::size_t done = 0;
    while (done < whole.size()) {
        const ssize_t n =
            pread(file_->fd(), whole.data() + done, whole.size() - done, static_cast<off_t>(done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            throw std::system_error(n < 0 ? errno : EIO, std::generic_category(),
                                    "cannot read a spooled request body");
        }
        done += static_cast<std::size_t>(n);
    }
    return whole;
}

}  // namespace totemd
