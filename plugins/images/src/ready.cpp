#include "ready.hpp"

#include <time.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "accept.hpp"
#include "answers.hpp"

namespace totem::images {
namespace {

struct Range {
    std::uint64_t first = 0, last = 0;
};

bool listNames(std::string_view list, std::string_view etag) {
    while (!list.empty()) {
        const std::size_t end = list.find(',');
        std::string_view one = trimmed(list.substr(0, end));
        if (one == "*") return true;
        if (one.substr(0, 2) == "W/") one.remove_prefix(2);
        if (one == etag) return true;
        if (end == std::string_view::npos) break;
        list.remove_prefix(end + 1);
    }
    return false;
}

std::optional<std::uint64_t> numberIn(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

enum class Ranged { kWhole, kPart, kOutside };

/// One range of bytes; several, or anything else, are answered with the whole, as HTTP allows.
Ranged rangeOf(std::string_view header, std::uint64_t size, Range& range) {
    constexpr std::string_view kUnit = "bytes=";
    if (header.substr(0, kUnit.size()) != kUnit) return Ranged::kWhole;
    const std::string_view text = trimmed(header.substr(kUnit.size()));
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos || text.find(',') != std::string_view::npos)
        return Ranged::kWhole;
    const auto first = numberIn(text.substr(0, dash));
    const auto last = numberIn(text.substr(dash + 1));
    if (dash == 0) {  // the last so many bytes
        if (!last) return Ranged::kWhole;
        if (*last == 0 || size == 0) return Ranged::kOutside;
        range = {size - std::min(*last, size), size - 1};
        return Ranged::kPart;
    }
    if (!first || (!last && dash + 1 != text.size()) || (last && *last < *first))
        return Ranged::kWhole;
    if (*first >= size) return Ranged::kOutside;
    range = {*first, last ? std::min(*last, size - 1) : size - 1};
    return Ranged::kPart;
}

std::int64_t parsedDate(std::string_view text) {
    tm parts{};
    const char* end = strptime(std::string(text).c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return end == nullptr ? -1 : timegm(&parts);
}

}  // namespace

/// An answer on its way: keeps what it points to.
struct Ready::Sent : totem_body {
    Sent(std::shared_ptr<const Ready> from, std::int32_t status)
        : totem_body{}, ready(std::move(from)) {
        struct_size = sizeof(totem_body);
        code = status;
        fd = -1;
        release = [](totem_body* body) { delete static_cast<Sent*>(body); };
    }
    void fields(const std::vector<totem_header>& list) {
        headers = list.data();
        header_count = static_cast<std::uint32_t>(list.size());
    }
    void content_(std::uint64_t from, std::uint64_t count) {
        if (ready->fd_) {
            fd = ready->fd_->get();
            offset = ready->offset_ + from;
            length = count;
        } else {
            content = {ready->bytes_.data() + from, count};
        }
    }
    std::shared_ptr<const Ready> ready;
    std::string range;
    std::vector<totem_header> own;
};

Ready::Ready(About about, std::string bytes)
    : about_(std::move(about)),
      lastModified_(httpDate(about_.modifiedNs)),
      bytes_(std::move(bytes)),
      size_(bytes_.size()) {
    makeHeaders();
}

Ready::Ready(About about, std::shared_ptr<const Fd> fd, std::uint64_t offset, std::uint64_t size)
    : about_(std::move(about)),
      lastModified_(httpDate(about_.modifiedNs)),
      fd_(std::move(fd)),
      offset_(offset),
      size_(size) {
    makeHeaders();
}

void Ready::makeHeaders() {
    const auto add = [this](std::string_view name, std::string_view value, bool always) {
        whole_.push_back({str(name), str(value)});
        if (always) unchanged_.push_back({str(name), str(value)});
    };
    add("Content-Type", about_.type, false);
    add("ETag", about_.etag, true);
    add("Last-Modified", lastModified_, true);
    add("Cache-Control", about_.cacheControl, true);
    if (about_.varies) add("Vary", "Accept", true);
    add("Accept-Ranges", "bytes", false);
    add("X-Content-Type-Options", "nosniff", false);
    if (about_.isolated) add("Content-Security-Policy", "default-src 'none'; sandbox", false);
    if (about_.attachment) add("Content-Disposition", "attachment", false);
}

bool Ready::notModified(const Request& request) const {
    const std::string_view tags = request.header("If-None-Match");
    if (!tags.empty()) return listNames(tags, about_.etag);
    const std::string_view since = request.header("If-Modified-Since");
    return !since.empty() &&
           (since == lastModified_ || parsedDate(since) >= about_.modifiedNs / 1'000'000'000);
}

Body Ready::answer(const Request& request) const {
    if (notModified(request)) {
        auto* sent = new Sent(shared_from_this(), 304);
        sent->fields(unchanged_);
        return Body(sent);
    }
    const std::string_view asked = request.header("Range");
    Range range;
    Ranged ranged = Ranged::kWhole;
    if (!asked.empty()) {
        const std::string_view condition = request.header("If-Range");
        if (condition.empty() || condition == about_.etag || condition == lastModified_)
            ranged = rangeOf(asked, size_, range);
    }
    if (ranged == Ranged::kWhole) {
        auto* sent = new Sent(shared_from_this(), 200);
        sent->fields(whole_);
        sent->content_(0, size_);
        return Body(sent);
    }
    auto* sent = new Sent(shared_from_this(), ranged == Ranged::kPart ? 206 : 416);
    if (ranged == Ranged::kPart) {
        sent->range = "bytes " + std::to_string(range.first) + "-" + std::to_string(range.last) +
                      "/" + std::to_string(size_);
        sent->own = whole_;
        sent->content_(range.first, range.last - range.first + 1);
    } else {
        sent->range = "bytes */" + std::to_string(size_);
        sent->own = unchanged_;
    }
    sent->own.push_back({str("Content-Range"), str(sent->range)});
    sent->fields(sent->own);
    return Body(sent);
}

}  // namespace totem::images
