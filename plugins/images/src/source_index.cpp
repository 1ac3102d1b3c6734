#include "source_index.hpp"

#include <time.h>
#include <unistd.h>

#include <array>

#include "clock.hpp"
#include "signature.hpp"

namespace totem::images {
namespace {

bool isSame(const Source& source, const OpenFile& file) {
    return !source.stale && source.device == file.device && source.inode == file.inode &&
           source.size == file.size && source.modifiedNs == file.modifiedNs;
}

}  // namespace

std::shared_ptr<const Source> SourceIndex::get(const std::string& path, bool watched) {
    const std::int64_t now = monotonicNs();
    auto source = known(path);
    if (source && !source->stale && now - source->checkedNs < trustNs(watched)) {
        return source;
    }
    const std::uint64_t before = changes_;
    auto file = files_.open(path);
    if (!file) {
        if (source) source->stale = true;
        forget(path);
        return nullptr;
    }
    if (source && isSame(*source, *file)) {
        source->checkedNs = now;
        return source;
    }
    if (source) source->stale = true;
    source = read(path, std::move(*file));
    if (source) keep(path, source, before);
    return source;
}

std::shared_ptr<const Source> SourceIndex::known(const std::string& path) {
    std::lock_guard lock(mutex_);
    const auto found = entries_.find(path);
    if (found == entries_.end()) return nullptr;
    uses_.splice(uses_.begin(), uses_, found->second.use);
    return found->second.source;
}

std::shared_ptr<const Source> SourceIndex::read(const std::string& path, OpenFile file) const {
    auto source = std::make_shared<Source>();
    source->path = path;
    source->size = file.size;
    source->modifiedNs = file.modifiedNs;
    source->device = file.device;
    source->inode = file.inode;
    source->fd = std::move(file.fd);
    source->checkedNs = monotonicNs();
    std::array<char, kMagicBytes> head;
    const ssize_t got = pread(source->fd->get(), head.data(), head.size(), 0);
    if (got < 0) return nullptr;
    source->kind = sniff({head.data(), static_cast<std::size_t>(got)});
    source->hash = contentHash(source->fd->get());
    return source->hash.empty() ? nullptr : source;
}

void SourceIndex::keep(const std::string& path, const std::shared_ptr<const Source>& source,
                       std::uint64_t changesBefore) {
    std::lock_guard lock(mutex_);
    // Told while it was being read: perhaps of this very file, and then nobody says so again.
    if (changes_ != changesBefore) source->stale = true;
    auto [found, fresh] = entries_.try_emplace(path);
    if (fresh) found->second.use = uses_.insert(uses_.begin(), path);
    // Who leaves the index hears of no change any more, and answers in memory may still hold it.
    if (!fresh) found->second.source->stale = true;
    found->second.source = source;
    while (entries_.size() > most_) {
        const auto last = entries_.find(uses_.back());
        last->second.source->stale = true;
        entries_.erase(last);
        uses_.pop_back();
    }
}

void SourceIndex::forget(const std::string& path) {
    std::lock_guard lock(mutex_);
    const auto found = entries_.find(path);
    if (found == entries_.end()) return;
    uses_.erase(found->second.use);
    entries_.erase(found);
}

void SourceIndex::changed(std::string_view path) {
    std::lock_guard lock(mutex_);
    ++changes_;
    const std::string below = path.empty() ? std::string() : std::string(path) + "/";
    for (auto entry = path.empty() ? entries_.begin() : entries_.lower_bound(path);
         entry != entries_.end(); ++entry) {
        const std::string& name = entry->first;
        const bool meant =
            path.empty() || name == path || name.compare(0, below.size(), below) == 0;
        // Names such as "a-b" stand between "a" and "a/b".
        if (!meant && name.compare(0, path.size(), path) != 0) break;
        if (meant) entry->second.source->stale = true;
    }
}

}  // namespace totem::images
