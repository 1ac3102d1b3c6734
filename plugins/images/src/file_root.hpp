#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace totem::images {

/// Owns a file descriptor.
class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept;
    Fd& operator=(Fd&& other) noexcept;
    ~Fd();

    int get() const { return fd_; }
    int release();
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

/// Writes all of it; false with errno set.
bool writeAll(const Fd& file, std::string_view bytes);

/// An open regular file and what the system said of it when it was opened.
struct OpenFile {
    std::shared_ptr<const Fd> fd;
    std::uint64_t size = 0;
    std::int64_t modifiedNs = 0;  ///< UNIX time
    std::uint64_t device = 0, inode = 0;
};

struct FolderEntry {
    std::string name;
    bool folder = false;
};

/// The folder of all served files (<root>/catalogos). No path leads out of it, however it is
/// spelled: each is opened beneath the folder by the system itself (openat2, RESOLVE_BENEATH), so
/// that neither `..` nor a symbolic link gets anywhere else.
///
/// Paths are relative to the folder, already decoded, with / between names; those that are not
/// plain (request_path.hpp) are never found. Threads: any. Errors: std::system_error when the
/// folder cannot be made or opened; a file that cannot be opened is not there.
class FileRoot {
public:
    enum class Kind { kNone, kFile, kFolder };

    explicit FileRoot(const std::string& folder);

    std::optional<OpenFile> open(std::string_view path) const;
    Kind kind(std::string_view path) const;
    /// The entries of a folder by name, hidden ones left out; the empty path is the root itself.
    /// Empty when there is no such folder.
    std::vector<FolderEntry> list(std::string_view path) const;

    /// Writes a file so that it is there as a whole or not at all, making the folders above it.
    /// Errors: std::system_error, std::invalid_argument for a path that is not plain.
    void write(std::string_view path, std::string_view bytes) const;
    /// False when there was none.
    bool remove(std::string_view path) const;

    const std::string& folder() const { return folder_; }

private:
    Fd openBeneath(std::string_view path, int flags, unsigned resolve = 0) const;
    Fd makeFolders(std::string_view path) const;

    const std::string folder_;
    Fd root_;
};

}  // namespace totem::images
