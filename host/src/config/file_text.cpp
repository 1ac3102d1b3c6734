#include "config/file_text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace totemd {

namespace {

std::string reason(int error) {
    switch (error) {
        case ENOENT:
            return "there is no such file";
        case EACCES:
            return "permission denied: let the user who runs this read it";
        case EISDIR:
            return "it is a folder, expected a file";
        default:
            return std::strerror(error);
    }
}

struct Descriptor {
    int fd;
    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }
};

}  // namespace

FileText readFileText(const std::filesystem::path& path, std::size_t limit) {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.fd < 0) return {"", "cannot be read: " + reason(errno)};
    struct stat status {};
    if (::fstat(file.fd, &status) == 0 && S_ISDIR(status.st_mode))
        return {"", "cannot be read: " + reason(EISDIR)};
    FileText result;
    std::array<char, 16 * 1024> block{};
    for (;;) {
        const ssize_t got = ::read(file.fd, block.data(), block.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return {"", "cannot be read: " + reason(errno)};
        if (got == 0) return result;
        result.text.append(block.data(), static_cast<std::size_t>(got));
        if (result.text.size() > limit)
            return {"", "is larger than " + std::to_string(limit) + " bytes"};
    }
}

}  // namespace totemd
