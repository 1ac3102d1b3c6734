#pragma once

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "totem/abi/call.h"

namespace totem {
inline namespace v0 {

inline std::string_view view(totem_str text) {
    return text.ptr == nullptr ? std::string_view() : std::string_view(text.ptr, text.len);
}
inline totem_str str(std::string_view text) {
    return {text.data(), text.size()};
}

/// Header fields in their order; names may repeat.
using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// Compares header names as HTTP does: ASCII letters without their case.
inline bool sameHeaderName(std::string_view a, std::string_view b) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [&](char x, char y) { return lower(x) == lower(y); });
}

/// The first field of that name; empty when absent.
inline std::string_view findHeader(const totem_header* headers, std::uint32_t count,
                                   std::string_view name) {
    for (std::uint32_t i = 0; i < count; ++i) {
        if (sameHeaderName(view(headers[i].name), name)) return view(headers[i].value);
    }
    return {};
}

/// The content of a body, read from its file when it lies in one. May block on the disk: not in an
/// inline route. Errors: std::system_error when the file cannot be read or ends too early.
inline std::string readContent(const totem_body& body) {
    if (body.fd < 0) return std::string(view(body.content));
    std::string bytes(body.length, '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t n = ::pread(body.fd, &bytes[done], bytes.size() - done,
                                  static_cast<off_t>(body.offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            throw std::system_error(n < 0 ? errno : EIO, std::generic_category(),
                                    "reading a body of " + std::to_string(body.length) + " bytes");
        }
        done += static_cast<std::size_t>(n);
    }
    return bytes;
}

/// Owns a totem_body of either side; moved, released once. May be empty. One thread at a time.
class Body {
public:
    Body() = default;
    explicit Body(totem_body* raw) : raw_(raw) {}
    /// A body in memory with an optional head.
    explicit Body(std::string content, std::int32_t code = 0, HeaderList headers = {})
        : raw_(new Owned(std::move(content), code, std::move(headers))) {}
    /// The range [offset, offset + length) of an open file, which the host sends without copying.
    /// `keepAlive` owns the descriptor: its deleter closes it when the body is released.
    static Body file(int fd, std::uint64_t offset, std::uint64_t length,
                     std::shared_ptr<void> keepAlive, std::int32_t code = 0,
                     HeaderList headers = {}) {
        auto owned = std::make_unique<Owned>(std::string(), code, std::move(headers));
        owned->fd = fd;
        owned->offset = offset;
        owned->length = length;
        owned->keepAlive = std::move(keepAlive);
        return Body(owned.release());
    }
    Body(Body&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
    Body& operator=(Body&& other) noexcept {
        Body taken(
            std::move(other));  // what was here is released now; moving to itself is harmless
        std::swap(raw_, taken.raw_);
        return *this;
    }
    ~Body() {
        if (raw_ != nullptr && raw_->release != nullptr) raw_->release(raw_);
    }

    /// What lies in memory: empty for a file range, see read().
    std::string_view content() const {
        return raw_ == nullptr ? std::string_view() : view(raw_->content);
    }
    /// The whole content, wherever it lies. Errors as readContent().
    std::string read() const { return raw_ == nullptr ? std::string() : readContent(*raw_); }
    /// HTTP status, worker id …; 0 when there is none.
    std::int32_t code() const { return raw_ == nullptr ? 0 : raw_->code; }
    std::string_view header(std::string_view name) const {
        return raw_ == nullptr ? std::string_view()
                               : findHeader(raw_->headers, raw_->header_count, name);
    }
    const totem_body* raw() const { return raw_; }
    /// Hands the body to who will release it; this one is empty then.
    totem_body* release() { return std::exchange(raw_, nullptr); }

private:
    struct Owned : totem_body {
        Owned(std::string text, std::int32_t status, HeaderList list)
            : totem_body{}, bytes(std::move(text)), names(std::move(list)) {
            views.reserve(names.size());
            for (const auto& [name, value] : names) views.push_back({str(name), str(value)});
            struct_size = sizeof(totem_body);
            code = status;
            fd = -1;
            totem_body::headers = views.data();
            header_count = static_cast<std::uint32_t>(views.size());
            content = str(bytes);
            release = [](totem_body* body) { delete static_cast<Owned*>(body); };
        }
        std::string bytes;
        HeaderList names;
        std::vector<totem_header> views;
        std::shared_ptr<void> keepAlive;
    };

    totem_body* raw_ = nullptr;
};

}  // namespace v0
}  // namespace totem
