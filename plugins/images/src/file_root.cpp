#include "file_root.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "request_path.hpp"

namespace totem::images {
namespace {

[[noreturn]] void throwErrno(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

std::pair<std::string_view, std::string_view> split(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) return {{}, path};
    return {path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace

Fd::Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
Fd& Fd::operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}
Fd::~Fd() {
    if (fd_ >= 0) ::close(fd_);
}
int Fd::release() {
    return std::exchange(fd_, -1);
}

bool writeAll(const Fd& file, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(file.get(), bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

FileRoot::FileRoot(const std::string& folder) : folder_(folder) {
    std::filesystem::create_directories(folder);
    root_ = Fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root_) throwErrno("opening the folder " + folder);
}

Fd FileRoot::openBeneath(std::string_view path, int flags, unsigned resolve) const {
    if (!path.empty() && !isPlainPath(path)) return {};
    const std::string name(path.empty() ? "." : path);
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve;
    int fd = -1;
    do {
        // EAGAIN: a rename somewhere on the way; the kernel could not be sure.
        fd = static_cast<int>(syscall(SYS_openat2, root_.get(), name.c_str(), &how, sizeof how));
    } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
    return Fd(fd);
}

std::optional<OpenFile> FileRoot::open(std::string_view path) const {
    if (path.empty()) return std::nullopt;
    // Not blocking: a FIFO with no writer must not hold a thread.
    Fd fd = openBeneath(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat status {};
    if (!fd || fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    OpenFile file;
    file.size = static_cast<std::uint64_t>(status.st_size);
    file.modifiedNs = status.st_mtim.tv_sec * 1'000'000'000ll + status.st_mtim.tv_nsec;
    file.device = status.st_dev;
    file.inode = status.st_ino;
    file.fd = std::make_shared<const Fd>(std::move(fd));
    return file;
}

FileRoot::Kind FileRoot::kind(std::string_view path) const {
    const Fd fd = openBeneath(path, O_PATH);
    struct stat status {};
    if (!fd || fstat(fd.get(), &status) != 0) return Kind::kNone;
    if (S_ISDIR(status.st_mode)) return Kind::kFolder;
    return S_ISREG(status.st_mode) ? Kind::kFile : Kind::kNone;
}

std::vector<FolderEntry> FileRoot::list(std::string_view path) const {
    Fd fd = openBeneath(path, O_RDONLY | O_DIRECTORY);
    if (!fd) return {};
    DIR* stream = fdopendir(fd.get());
    if (stream == nullptr) return {};
    fd.release();  // the stream's now
    const std::unique_ptr<DIR, int (*)(DIR*)> closing(stream, closedir);
    std::vector<FolderEntry> entries;
    while (const dirent* entry = readdir(stream)) {
        const std::string name(entry->d_name);
        if (name.front() == '.') continue;
        bool folder = entry->d_type == DT_DIR;
        if (entry->d_type == DT_UNKNOWN || entry->d_type == DT_LNK) {
            const Kind found = kind(path.empty() ? name : std::string(path) + "/" + name);
            if (found == Kind::kNone) continue;
            folder = found == Kind::kFolder;
        } else if (!folder && entry->d_type != DT_REG) {
            continue;
        }
        entries.push_back({name, folder});
    }
    std::sort(entries.begin(), entries.end(),
              [](const FolderEntry& a, const FolderEntry& b) { return a.name < b.name; });
    return entries;
}

Fd FileRoot::makeFolders(std::string_view path) const {
    Fd folder = openBeneath(path, O_RDONLY | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
    if (folder || errno != ENOENT || path.empty()) return folder;
    const auto [above, name] = split(path);
    const Fd parent = makeFolders(above);
    if (!parent) return {};
    if (mkdirat(parent.get(), std::string(name).c_str(), 0755) != 0 && errno != EEXIST) return {};
    return openBeneath(path, O_RDONLY | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
}

void FileRoot::write(std::string_view path, std::string_view bytes) const {
    static std::atomic<std::uint64_t> number{0};
    if (!isPlainPath(path)) throw std::invalid_argument("a path that is not plain");
    const auto [above, last] = split(path);
    const std::string name(last);
    const Fd folder = makeFolders(above);
    if (!folder) throwErrno("making the folder of an upload");
    const std::string temporary =
        ".upload-" + std::to_string(getpid()) + "-" + std::to_string(number++);
    Fd file(openat(folder.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!file) throwErrno("making an upload's file");
    try {
        if (!writeAll(file, bytes) || fsync(file.get()) != 0)
            throwErrno("writing an upload to the disk");
        if (renameat(folder.get(), temporary.c_str(), folder.get(), name.c_str()) != 0)
            throwErrno("putting an upload into its place");
    } catch (...) {
        unlinkat(folder.get(), temporary.c_str(), 0);
        throw;
    }
    fsync(folder.get());
}

bool FileRoot::remove(std::string_view path) const {
    if (kind(path) != Kind::kFile) return false;
    const auto [above, name] = split(path);
    const Fd folder = openBeneath(above, O_RDONLY | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
    return folder && unlinkat(folder.get(), std::string(name).c_str(), 0) == 0;
}

}  // namespace totem::images
