#pragma once

#include <filesystem>
#include <string>

namespace totemd {

/// A file's bytes, or why they could not be had, in words to show.
struct FileText {
    std::string text;
    std::string error;  ///< empty: read
};

/// Reads a regular file or pipe of at most `limit` bytes. Never throws.
FileText readFileText(const std::filesystem::path& path, std::size_t limit);

}  // namespace totemd
