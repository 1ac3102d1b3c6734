#include "catalogue/answer_cache.hpp"

#include <cstdio>

namespace totem::images {

AnswerCache::Answer AnswerCache::find(std::string_view key, const AnswerStamp& stamp) const {
    const std::lock_guard lock(mutex_);
    if (!(stamp_ == stamp)) return nullptr;
    const auto found = answers_.find(key);
    return found == answers_.end() ? nullptr : found->second;
}

void AnswerCache::keep(const std::string& key, const AnswerStamp& stamp, Answer answer) {
    const std::lock_guard lock(mutex_);
    const std::size_t size = key.size() + answer->body.size();
    // One change makes all of them old; and when they grow too many, they are soon made again.
    if (!(stamp_ == stamp) || bytes_ + size > maxBytes_) {
        answers_.clear();
        bytes_ = 0;
        stamp_ = stamp;
    }
    if (size > maxBytes_ || !answers_.emplace(key, std::move(answer)).second) return;
    bytes_ += size;
}

AnswerCache::Answer makeAnswer(std::string body) {
    std::uint64_t hash = 14695981039346656037u;  // FNV-1a
    for (const char c : body) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    char tag[48];
    std::snprintf(tag, sizeof tag, "\"%zx-%016llx\"", body.size(), static_cast<unsigned long long>(hash));
    return std::make_shared<const CachedAnswer>(CachedAnswer{std::move(body), tag});
}

}  // namespace totem::images
