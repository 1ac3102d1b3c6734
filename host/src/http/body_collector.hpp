#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/http_body.hpp"

namespace totemd {

/// Gathers a request body: in memory up to a threshold, beyond it in an unlinked file.
/// Threads: one. Errors: `add` returns false and `error()` says what the system said.
class BodyCollector {
public:
    BodyCollector(std::size_t threshold, const std::string& directory)
        : threshold_(threshold), directory_(directory) {}

    /// The announced length, to reserve memory or to open the file at once.
    bool expect(std::uint64_t length);
    bool add(std::string_view bytes);
    /// "cannot spool a body in /x: No space left on device"; empty without an error.
    const std::string& error() const { return error_; }
    Body take();

private:
    bool openFile();
    bool writeAll(std::string_view bytes);
    bool failed(const char* what);

    const std::size_t threshold_;
    const std::string& directory_;  // the listener's
    std::string bytes_;
    std::shared_ptr<FileHandle> file_;
    std::uint64_t fileSize_ = 0;
    std::string error_;
};

}  // namespace totemd
