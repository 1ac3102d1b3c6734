#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "file_root.hpp"

namespace totem::images {

/// Renditions on disk, by a key that says everything of their content (hash of the source and how
/// it was asked for), so that none is ever out of date. Bounded; what was used longest ago goes.
///
/// On disk: <folder>/<first two of the key>/<key>.<bytes>; the length in the name tells a file that
/// a crash cut short. The folder belongs to this class: other files in it are left alone.
///
/// Threads: any. Errors: std::system_error when the folder cannot be made; later failures (a full
/// disk) only mean that something is not kept.
class DiskCache {
public:
    struct Stored {
        std::shared_ptr<const Fd> fd;
        std::uint64_t size = 0;
    };

    DiskCache(std::string folder, std::uint64_t mostBytes);

    std::optional<Stored> find(const std::string& key);
    bool contains(const std::string& key) const;
    /// The size of what is kept under the key; 0: nothing.
    std::uint64_t size(const std::string& key) const;
    /// False when it could not be written; `lastError` says why then.
    bool store(const std::string& key, std::string_view bytes);

    std::uint64_t bytes() const;
    std::size_t count() const;
    std::string lastError() const;

private:
    struct Entry {
        std::uint64_t size;
        std::list<std::string>::iterator use;
    };

    std::string pathOf(const std::string& key, std::uint64_t size) const;
    void scan();
    /// Removes what is beyond the bound; returns the files to unlink.
    std::list<std::string> shrink();

    const std::string folder_;
    const std::uint64_t most_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, Entry> entries_;  // guarded by mutex_
    std::list<std::string> uses_;                     // the latest first; guarded by mutex_
    std::uint64_t bytes_ = 0;                         // guarded by mutex_
    std::string lastError_;                           // guarded by mutex_
};

}  // namespace totem::images
