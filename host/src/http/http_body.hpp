#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace totemd {

/// Owns one file descriptor and closes it.
class FileHandle {
public:
    explicit FileHandle(int fd) : fd_(fd) {}
    ~FileHandle();
    FileHandle(const FileHandle&) = delete;
    FileHandle& operator=(const FileHandle&) = delete;
    int fd() const { return fd_; }

private:
    int fd_;
};

/// Part of an open file, sent with sendfile. The handle is shared because an answer, a cache of
/// open files and other answers may use the same descriptor at once; offsets are explicit.
struct FileRange {
    std::shared_ptr<const FileHandle> file;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

/// The body of a request: in memory, or in an unlinked temporary file that goes with its last copy.
/// Copies of a spooled body share the file, so that a request can be handed to another thread.
///
/// Threads: a value; const members are safe from several threads.
class Body {
public:
    Body() = default;
    Body(std::string bytes) : bytes_(std::move(bytes)), size_(bytes_.size()) {}
    Body(std::shared_ptr<const FileHandle> file, std::uint64_t size)
        : file_(std::move(file)), size_(size) {}

    std::uint64_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    bool spooled() const { return file_ != nullptr; }
    /// The bytes of a body in memory; empty for a spooled one.
    const std::string& bytes() const { return bytes_; }
    /// The file of a spooled body, from offset 0; null for one in memory.
    const std::shared_ptr<const FileHandle>& file() const { return file_; }
    /// The whole body, wherever it is. Throws std::system_error when the file cannot be read.
    std::string read() const;

private:
    std::string bytes_;
    std::shared_ptr<const FileHandle> file_;
    std::uint64_t size_ = 0;
};

}  // namespace totemd
