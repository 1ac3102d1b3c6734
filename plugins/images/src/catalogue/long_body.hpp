#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <totem/body.hpp>

#include "file_root.hpp"

namespace totem::images {

/// Writes a JSON answer that may grow long: beyond some hundred kilobytes it goes into an anonymous
/// file, which the host sends without another copy. One thread.
class LongBody {
public:
    void add(std::string_view text);
    /// Adds the first `size` bytes of a file as base64. False when the file ends before them.
    bool addBase64(const OpenFile& file);
    /// The answer, as application/json. `held` lives until the host has sent it.
    Body finish(std::shared_ptr<void> held) &&;

private:
    void flush();

    std::string pending_;
    Fd file_;
    std::uint64_t written_ = 0;
};

/// The bytes of pictures that are being sent as base64 at one time, within a bound: each of them
/// lies in memory. Threads: any.
class Budget {
public:
    explicit Budget(std::uint64_t bytes) : left_(std::make_shared<std::atomic<std::uint64_t>>(bytes)) {}
    /// Given back when the lease ends. Null when so much is not left.
    std::shared_ptr<void> take(std::uint64_t bytes) const;

private:
    std::shared_ptr<std::atomic<std::uint64_t>> left_;  // shared with the leases, which may end later
};

}  // namespace totem::images
