#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "file_root.hpp"
#include "magic.hpp"

namespace totem::images {

/// A file of the root as it was at one moment. What it says of its content stays true for the open
/// descriptor even when the name means another file by now.
struct Source {
    std::string path;
    std::string hash;  ///< of the content
    Kind kind = Kind::kOther;
    std::uint64_t size = 0;
    std::int64_t modifiedNs = 0;
    std::uint64_t device = 0, inode = 0;
    std::shared_ptr<const Fd> fd;

    /// The name may mean something else by now.
    mutable std::atomic<bool> stale{false};
    /// When it was last seen to be the same, CLOCK_MONOTONIC.
    mutable std::atomic<std::int64_t> checkedNs{0};
};

/// How long a file is taken to be the same without a look: it is told when it changes, but not
/// every file system tells.
constexpr std::int64_t trustNs(bool watched) {
    return watched ? 60'000'000'000 : 1'000'000'000;
}

/// What is known of the files that were asked for lately, so that a request needs to read none.
///
/// Threads: any; `get` reads the disk.
class SourceIndex {
public:
    SourceIndex(const FileRoot& files, std::size_t most) : files_(files), most_(most) {}

    /// The file as it is now; null when there is none. `watched`: changes are told by `changed`.
    std::shared_ptr<const Source> get(const std::string& path, bool watched);
    /// The path, or anything below it, may mean something else now; empty: everything.
    void changed(std::string_view path);

private:
    struct Entry {
        std::shared_ptr<const Source> source;
        std::list<std::string>::iterator use;
    };

    std::shared_ptr<const Source> known(const std::string& path);
    std::shared_ptr<const Source> read(const std::string& path, OpenFile file) const;
    void keep(const std::string& path, const std::shared_ptr<const Source>& source,
              std::uint64_t changesBefore);
    void forget(const std::string& path);

    const FileRoot& files_;
    const std::size_t most_;
    std::atomic<std::uint64_t> changes_{0};  // counted under mutex_
    std::mutex mutex_;
    std::map<std::string, Entry, std::less<>> entries_;  // guarded by mutex_
    std::list<std::string> uses_;                        // the latest first; guarded by mutex_
};

}  // namespace totem::images
