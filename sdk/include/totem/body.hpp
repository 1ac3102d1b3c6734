#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "totem/abi/call.h"

namespace totem {
inline namespace v0 {

inline std::string_view view(totem_str text) {
    return text.ptr == nullptr ? std::string_view() : std::string_view(text.ptr, text.len);
}
inline totem_str str(std::string_view text) { return {text.data(), text.size()}; }

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// Compares header names as HTTP does: ASCII letters without their case.
inline bool sameHeaderName(std::string_view a, std::string_view b) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [&](char x, char y) { return lower(x) == lower(y); });
}

inline std::string_view findHeader(const totem_header* headers, std::uint32_t count, std::string_view name) {
    for (std::uint32_t i = 0; i < count; ++i) {
        if (sameHeaderName(view(headers[i].name), name)) return view(headers[i].value);
    }
    return {};
}

/// Owns a totem_body of either side; moved, released once. May be empty.
class Body {
public:
    Body() = default;
    explicit Body(totem_body* raw) : raw_(raw) {}
    /// A body in memory with an optional head.
    explicit Body(std::string content, std::int32_t code = 0, HeaderList headers = {})
        : raw_(new Owned(std::move(content), code, std::move(headers))) {}
    /// A range of a file; `keepAlive` holds the descriptor open until the body is released.
    static Body file(int fd, std::uint64_t offset, std::uint64_t length, std::shared_ptr<void> keepAlive,
                     std::int32_t code = 0, HeaderList headers = {}) {
        auto owned = std::make_unique<Owned>(std::string(), code, std::move(headers));
        owned->fd = fd;
        owned->offset = offset;
        owned->length = length;
        owned->keepAlive = std::move(keepAlive);
        return Body(owned.release());
    }
    Body(Body&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
    Body& operator=(Body&& other) noexcept {
        std::swap(raw_, other.raw_);
        return *this;
    }
    ~Body() {
        if (raw_ != nullptr && raw_->release != nullptr) raw_->release(raw_);
    }

    std::string_view content() const { return raw_ == nullptr ? std::string_view() : view(raw_->content); }
    std::int32_t code() const { return raw_ == nullptr ? 0 : raw_->code; }
    std::string_view header(std::string_view name) const {
        return raw_ == nullptr ? std::string_view() : findHeader(raw_->headers, raw_->header_count, name);
    }
    const totem_body* raw() const { return raw_; }
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
