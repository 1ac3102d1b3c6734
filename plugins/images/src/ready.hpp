#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <totem/body.hpp>
#include <totem/http.hpp>

#include "file_root.hpp"

namespace totem::images {

/// One picture as it is sent: its content and the header fields that go with it, made once. Whole
/// answers, 304 and ranges all come out of it without touching the content.
///
/// Threads: any. Shared by the hot set and by answers on their way.
class Ready : public std::enable_shared_from_this<Ready> {
public:
    struct About {
        std::string type;
        std::string etag;  ///< with its quotes
        std::int64_t modifiedNs = 0;
        std::string cacheControl;
        bool varies = false;      ///< by Accept
        bool isolated = true;     ///< a browser must not run what may hide in it
        bool attachment = false;  ///< for downloading only
    };

    /// The content in memory.
    Ready(About about, std::string bytes);
    /// The content as a range of a file.
    Ready(About about, std::shared_ptr<const Fd> fd, std::uint64_t offset, std::uint64_t size);

    /// The answer to a GET or HEAD: 200, 206, 304 or 416, by the request's conditions and range.
    Body answer(const Request& request) const;

    std::uint64_t size() const { return size_; }
    /// What it takes in memory, about.
    std::uint64_t cost() const { return bytes_.size() + 1024; }
    const std::string& etag() const { return about_.etag; }

    /// Something better is there now: not to be answered from memory any more.
    mutable std::atomic<bool> superseded{false};

private:
    struct Sent;
    void makeHeaders();
    bool notModified(const Request& request) const;

    const About about_;
    const std::string lastModified_;
    const std::string bytes_;
    const std::shared_ptr<const Fd> fd_;
    const std::uint64_t offset_ = 0, size_ = 0;
    std::vector<totem_header> whole_;      // views into this object
    std::vector<totem_header> unchanged_;  // of a 304
};

}  // namespace totem::images
