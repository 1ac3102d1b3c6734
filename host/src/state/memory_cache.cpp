#include "state/memory_cache.hpp"

#include <charconv>
#include <limits>

#include "loop/event_loop.hpp"

namespace totemd {
namespace {

constexpr std::size_t kEntryBytes = 200;

std::optional<std::int64_t> readNumber(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// When something that begins `now` ends; a time to live beyond the end of time is none.
std::int64_t endOf(std::int64_t now, std::int64_t ttlNs) {
    if (ttlNs <= 0 || ttlNs > std::numeric_limits<std::int64_t>::max() - now) return 0;
    return now + ttlNs;
}

bool isOver(std::int64_t expires, std::int64_t now) {
    return expires != 0 && expires <= now;
}

}  // namespace

MemoryCache::MemoryCache(MemoryCacheOptions options) : options_(std::move(options)) {}

std::int64_t MemoryCache::now() const {
    return options_.clock ? options_.clock() : monotonicNow();
}

std::size_t MemoryCache::costOf(const Entry& entry) {
    return kEntryBytes + entry.key.size() + entry.value.size();
}

void MemoryCache::drop(Entries::iterator entry) {
    bytes_ -= costOf(*entry);
    index_.erase(entry->key);
    entries_.erase(entry);
}

/// The entry if it has not expired, moved to the front.
MemoryCache::Entries::iterator MemoryCache::findLive(std::string_view key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return entries_.end();
    const Entries::iterator entry = found->second;
    if (isOver(entry->expires, now())) {
        drop(entry);
        return entries_.end();
    }
    entries_.splice(entries_.begin(), entries_, entry);
    return entry;
}

void MemoryCache::insert(std::string_view key, std::string value, std::int64_t expires) {
    entries_.push_front({std::string(key), std::move(value), expires});
    index_.emplace(entries_.front().key, entries_.begin());
    bytes_ += costOf(entries_.front());
    while (entries_.size() > options_.maxEntries || bytes_ > options_.maxBytes) {
        if (!isOver(entries_.back().expires, now())) ++evicted_;
        drop(std::prev(entries_.end()));
    }
}

std::optional<std::string> MemoryCache::get(std::string_view key) {
    std::lock_guard lock(mutex_);
    const auto entry = findLive(key);
    if (entry == entries_.end()) {
        ++misses_;
        return std::nullopt;
    }
    ++hits_;
    return entry->value;
}

bool MemoryCache::set(std::string_view key, std::string value, std::int64_t ttlNs) {
    std::lock_guard lock(mutex_);
    // The old value is no longer true, whether or not the new one fits.
    if (const auto found = index_.find(key); found != index_.end()) drop(found->second);
    if (kEntryBytes + key.size() + value.size() > options_.maxBytes || options_.maxEntries == 0) {
        return false;
    }
    insert(key, std::move(value), endOf(now(), ttlNs));
    return true;
}

bool MemoryCache::erase(std::string_view key) {
    std::lock_guard lock(mutex_);
    const auto entry = findLive(key);
    if (entry == entries_.end()) return false;
    drop(entry);
    return true;
}

std::optional<std::int64_t> MemoryCache::increment(std::string_view key, std::int64_t delta,
                                                   std::int64_t ttlNs) {
    std::lock_guard lock(mutex_);
    const auto entry = findLive(key);
    if (entry == entries_.end()) {
        insert(key, std::to_string(delta), endOf(now(), ttlNs));
        return delta;
    }
    const std::optional<std::int64_t> old = readNumber(entry->value);
    std::int64_t sum = 0;
    if (!old || __builtin_add_overflow(*old, delta, &sum)) return std::nullopt;
    bytes_ -= costOf(*entry);
    entry->value = std::to_string(sum);
    bytes_ += costOf(*entry);
    return sum;
}

bool MemoryCache::lock(std::string_view name, std::string_view token, std::int64_t ttlNs) {
    if (ttlNs <= 0) return false;
    std::lock_guard guard(mutex_);
    const std::int64_t at = now();
    const auto held = locks_.find(std::string(name));
    if (held != locks_.end()) {
        if (held->second.token != token && !isOver(held->second.expires, at)) return false;
        held->second = {std::string(token), endOf(at, ttlNs)};
        return true;
    }
    if (locks_.size() >= options_.maxLocks) sweepLocks(at);
    if (locks_.size() >= options_.maxLocks) return false;
    locks_.emplace(name, Lock{std::string(token), endOf(at, ttlNs)});
    return true;
}

bool MemoryCache::unlock(std::string_view name, std::string_view token) {
    std::lock_guard guard(mutex_);
    const auto held = locks_.find(std::string(name));
    if (held == locks_.end() || held->second.token != token) return false;
    const bool inTime = !isOver(held->second.expires, now());
    locks_.erase(held);
    return inTime;
}

void MemoryCache::sweepLocks(std::int64_t at) {
    std::erase_if(locks_, [at](const auto& entry) { return isOver(entry.second.expires, at); });
}

void MemoryCache::sweep() {
    std::lock_guard guard(mutex_);
    const std::int64_t at = now();
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        const auto next = std::next(entry);
        if (isOver(entry->expires, at)) drop(entry);
        entry = next;
    }
    sweepLocks(at);
}

MemoryCache::Counts MemoryCache::counts() const {
    std::lock_guard guard(mutex_);
    return {entries_.size(), bytes_, locks_.size(), hits_, misses_, evicted_};
}

}  // namespace totemd
