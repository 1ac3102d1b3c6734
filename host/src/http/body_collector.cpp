#include "http/body_collector.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace totemd {

bool BodyCollector::expect(std::uint64_t length) {
    if (length > threshold_) return openFile();
    bytes_.reserve(length);
    return true;
}

bool BodyCollector::add(std::string_view bytes) {
    if (!file_) {
        if (bytes_.size() + bytes.size() <= threshold_) {
            bytes_.append(bytes);
            return true;
        }
        if (!openFile() || !writeAll(bytes_)) return false;
        std::string().swap(bytes_);
    }
    return writeAll(bytes);
}

Body BodyCollector::take() {
    if (file_) return Body(std::move(file_), fileSize_);
    return Body(std::move(bytes_));
}

bool BodyCollector::openFile() {
    int fd = open(directory_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
        // A file system without O_TMPFILE.
        std::string path = directory_ + "/totem-body-XXXXXX";
        fd = mkostemp(path.data(), O_CLOEXEC);
        if (fd >= 0) unlink(path.c_str());
    }
    if (fd < 0) return failed("open");
    file_ = std::make_shared<FileHandle>(fd);
    return true;
}

bool BodyCollector::writeAll(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n =
            pwrite(file_->fd(), bytes.data(), bytes.size(), static_cast<off_t>(fileSize_));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return failed("write");
        fileSize_ += static_cast<std::uint64_t>(n);
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

bool BodyCollector::failed(const char* what) {
    error_ =
        "cannot spool a request body in " + directory_ + " (" + what + "): " + std::strerror(errno);
    return false;
}

}  // namespace totemd
