#include "accept.hpp"

#include <cctype>
#include <cstdlib>
#include <string>

namespace totem::images {
namespace {

bool same(std::string_view text, std::string_view lower) {
    if (text.size() != lower.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (std::tolower(static_cast<unsigned char>(text[i])) != lower[i]) return false;
    }
    return true;
}

double qualityOf(std::string_view parameters) {
    while (!parameters.empty()) {
        const std::size_t end = parameters.find(';');
        const std::string_view one = trimmed(parameters.substr(0, end));
        if (one.size() > 2 && (one[0] == 'q' || one[0] == 'Q') && one[1] == '=')
            return std::strtod(std::string(one.substr(2)).c_str(), nullptr);
        if (end == std::string_view::npos) break;
        parameters.remove_prefix(end + 1);
    }
    return 1;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

Accepts acceptsOf(std::string_view header) {
    double avif = -1, webp = -1, other = -1;
    while (!header.empty()) {
        const std::size_t end = header.find(',');
        const std::string_view entry = header.substr(0, end);
        const std::size_t semicolon = entry.find(';');
        const std::string_view type = trimmed(entry.substr(0, semicolon));
        const double quality =
            semicolon == std::string_view::npos ? 1 : qualityOf(entry.substr(semicolon + 1));
        if (same(type, "image/avif")) {
            avif = quality;
        } else if (same(type, "image/webp")) {
            webp = quality;
        } else if (type.size() > 6 && same(type.substr(0, 6), "image/") && !same(type, "image/*")) {
            // A type that is preferred by name: image/jpeg over image/webp;q=0.5.
            if (!same(type, "image/apng") && !same(type, "image/svg+xml") && quality > other)
                other = quality;
        }
        if (end == std::string_view::npos) break;
        header.remove_prefix(end + 1);
    }
    if (webp <= 0 || webp < other) return Accepts::kOriginal;
    return avif > 0 && avif >= webp ? Accepts::kAvif : Accepts::kWebp;
}

}  // namespace totem::images
