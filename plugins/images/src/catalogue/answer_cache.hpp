#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "catalogue/month.hpp"

namespace totem::images {

/// What an answer depended on when it was made: it holds as long as this is the same.
struct AnswerStamp {
    std::uint64_t products = 0;  ///< generation of the table
    std::uint64_t files = 0;     ///< counts changes below the root
    Month current;               ///< "activo" turns with it

    bool operator==(const AnswerStamp&) const = default;
};

/// A JSON text that is served as it is.
struct CachedAnswer {
    std::string body;
    std::string etag;  ///< quoted
};

/// The answers about catalogues that are there, within a bound of bytes. What failed or is missing
/// never comes in here.
///
/// Threads: any.
class AnswerCache {
public:
    using Answer = std::shared_ptr<const CachedAnswer>;

    explicit AnswerCache(std::size_t maxBytes) : maxBytes_(maxBytes) {}

    /// Null when there is none with this stamp.
    Answer find(std::string_view key, const AnswerStamp& stamp) const;
    void keep(const std::string& key, const AnswerStamp& stamp, Answer answer);

private:
    const std::size_t maxBytes_;
    mutable std::mutex mutex_;  // guards the rest
    AnswerStamp stamp_;
    std::map<std::string, Answer, std::less<>> answers_;
    std::size_t bytes_ = 0;
};

/// With the tag of its content.
AnswerCache::Answer makeAnswer(std::string body);

}  // namespace totem::images
