#include "catalogue/long_body.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <totem/base64.hpp>

namespace totem::images {
namespace {

constexpr std::size_t kInMemory = 512u << 10;
constexpr std::size_t kChunk = 192u << 10;  // a multiple of three: base64 may be cut there

}  // namespace

void LongBody::add(std::string_view text) {
    pending_ += text;
    if (pending_.size() > kInMemory) flush();
}

bool LongBody::addBase64(const OpenFile& file) {
    std::string chunk;
    for (std::uint64_t at = 0; at < file.size; at += chunk.size()) {
        chunk.resize(std::min<std::uint64_t>(kChunk, file.size - at));
        for (std::size_t have = 0; have < chunk.size();) {
            const ssize_t n = ::pread(file.fd->get(), &chunk[have], chunk.size() - have,
                                      static_cast<off_t>(at + have));
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) return false;
            have += static_cast<std::size_t>(n);
        }
        appendBase64(pending_, chunk);
        if (pending_.size() > kInMemory) flush();
    }
    return true;
}

void LongBody::flush() {
    if (!file_) {
        file_ = Fd(::memfd_create("totem-images-answer", MFD_CLOEXEC));
        if (!file_) throw std::system_error(errno, std::generic_category(), "memfd_create");
    }
    if (!writeAll(file_, pending_))
        throw std::system_error(errno, std::generic_category(), "writing an answer");
    written_ += pending_.size();
    pending_.clear();
}

Body LongBody::finish(std::shared_ptr<void> held) && {
    HeaderList headers{{"Content-Type", "application/json"}};
    if (!file_) return Body(std::move(pending_), 200, std::move(headers));
    flush();
    struct Kept {
        Fd file;
        std::shared_ptr<void> held;
    };
    const int fd = file_.get();
    auto kept = std::make_shared<Kept>(Kept{std::move(file_), std::move(held)});
    return Body::file(fd, 0, written_, std::move(kept), 200, std::move(headers));
}

std::shared_ptr<void> Budget::take(std::uint64_t bytes) const {
    std::uint64_t left = *left_;
    do {
        if (left < bytes) return nullptr;
    } while (!left_->compare_exchange_weak(left, left - bytes));
    return {left_.get(), [state = left_, bytes](void*) { *state += bytes; }};
}

}  // namespace totem::images
