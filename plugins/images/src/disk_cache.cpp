#include "disk_cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <vector>

namespace totem::images {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kTemporary = ".new-";

/// False with errno set.
bool writeWhole(const std::string& path, std::string_view bytes) {
    const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
    return file && writeAll(file, bytes);
}

}  // namespace

DiskCache::DiskCache(std::string folder, std::uint64_t mostBytes)
    : folder_(std::move(folder)), most_(mostBytes) {
    fs::create_directories(folder_);
    scan();
}

std::string DiskCache::pathOf(const std::string& key, std::uint64_t size) const {
    return folder_ + "/" + key.substr(0, 2) + "/" + key + "." + std::to_string(size);
}

void DiskCache::scan() {
    struct Found {
        std::string key;
        std::uint64_t size;
        fs::file_time_type used;
    };
    std::vector<Found> found;
    std::error_code error;
    for (const auto& folder : fs::directory_iterator(folder_, error)) {
        if (!folder.is_directory(error) || folder.path().filename().string().size() != 2) continue;
        for (const auto& file : fs::directory_iterator(folder.path(), error)) {
            const std::string name = file.path().filename().string();
            if (name.compare(0, kTemporary.size(), kTemporary) == 0) {
                fs::remove(file.path(), error);
                continue;
            }
            const std::size_t dot = name.rfind('.');
            std::uint64_t size = 0;
            if (dot == std::string::npos ||
                std::from_chars(name.data() + dot + 1, name.data() + name.size(), size).ec !=
                    std::errc())
                continue;
            if (file.file_size(error) == size && size != 0) {
                found.push_back({name.substr(0, dot), size, file.last_write_time(error)});
            } else {
                fs::remove(file.path(), error);
            }
        }
    }
    std::sort(found.begin(), found.end(),
              [](const Found& a, const Found& b) { return a.used < b.used; });
    std::list<std::string> excess;
    {
        std::lock_guard lock(mutex_);
        for (Found& one : found) {
            uses_.push_front(one.key);
            if (entries_.try_emplace(one.key, Entry{one.size, uses_.begin()}).second) {
                bytes_ += one.size;
            } else {
                uses_.pop_front();
            }
        }
        excess = shrink();
    }
    for (const std::string& path : excess) unlink(path.c_str());
}

std::optional<DiskCache::Stored> DiskCache::find(const std::string& key) {
    std::string path;
    Stored stored;
    {
        std::lock_guard lock(mutex_);
        const auto entry = entries_.find(key);
        if (entry == entries_.end()) return std::nullopt;
        uses_.splice(uses_.begin(), uses_, entry->second.use);
        stored.size = entry->second.size;
        path = pathOf(key, stored.size);
    }
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (fd && fstat(fd.get(), &status) == 0 &&
        static_cast<std::uint64_t>(status.st_size) == stored.size) {
        // The order of use must outlive a restart.
        futimens(fd.get(), nullptr);
        stored.fd = std::make_shared<const Fd>(std::move(fd));
        return stored;
    }
    // Somebody removed it, which is allowed.
    std::lock_guard lock(mutex_);
    const auto entry = entries_.find(key);
    if (entry != entries_.end()) {
        bytes_ -= entry->second.size;
        uses_.erase(entry->second.use);
        entries_.erase(entry);
    }
    return std::nullopt;
}

bool DiskCache::contains(const std::string& key) const {
    std::lock_guard lock(mutex_);
    return entries_.count(key) != 0;
}

std::uint64_t DiskCache::size(const std::string& key) const {
    std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    return found == entries_.end() ? 0 : found->second.size;
}

bool DiskCache::store(const std::string& key, std::string_view bytes) {
    static std::atomic<std::uint64_t> number{0};
    if (bytes.empty() || bytes.size() > most_) return false;
    const std::string path = pathOf(key, bytes.size());
    const std::string folder = path.substr(0, path.rfind('/'));
    const std::string temporary = folder + "/" + std::string(kTemporary) +
                                  std::to_string(getpid()) + "-" + std::to_string(number++);
    if (mkdir(folder.c_str(), 0750) != 0 && errno != EEXIST) {
        std::lock_guard lock(mutex_);
        lastError_ = std::strerror(errno);
        return false;
    }
    if (!writeWhole(temporary, bytes) || rename(temporary.c_str(), path.c_str()) != 0) {
        const int failed = errno;
        unlink(temporary.c_str());
        std::lock_guard lock(mutex_);
        lastError_ = std::strerror(failed);
        return false;
    }
    std::list<std::string> excess;
    {
        std::lock_guard lock(mutex_);
        lastError_.clear();
        const auto old = entries_.find(key);
        if (old != entries_.end()) {
            if (old->second.size != bytes.size()) excess.push_back(pathOf(key, old->second.size));
            bytes_ -= old->second.size;
            uses_.erase(old->second.use);
            entries_.erase(old);
        }
        uses_.push_front(key);
        entries_[key] = {bytes.size(), uses_.begin()};
        bytes_ += bytes.size();
        excess.splice(excess.end(), shrink());
    }
    for (const std::string& gone : excess) unlink(gone.c_str());
    return true;
}

std::list<std::string> DiskCache::shrink() {
    std::list<std::string> gone;
    if (bytes_ <= most_) return gone;
    // A little more than needed, so that not each rendition pays for one that goes.
    while (bytes_ > most_ - most_ / 20 && uses_.size() > 1) {
        const auto entry = entries_.find(uses_.back());
        gone.push_back(pathOf(entry->first, entry->second.size));
        bytes_ -= entry->second.size;
        entries_.erase(entry);
        uses_.pop_back();
    }
    return gone;
}

std::uint64_t DiskCache::bytes() const {
    std::lock_guard lock(mutex_);
    return bytes_;
}

std::size_t DiskCache::count() const {
    std::lock_guard lock(mutex_);
    return entries_.size();
}

std::string DiskCache::lastError() const {
    std::lock_guard lock(mutex_);
    return lastError_;
}

}  // namespace totem::images
