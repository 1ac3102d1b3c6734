#include "magic.hpp"

namespace totem::images {

Kind sniff(std::string_view head) {
    using namespace std::string_view_literals;
    const auto begins = [head](std::string_view magic) {
        return head.substr(0, magic.size()) == magic;
    };
    if (begins("\xff\xd8\xff"sv)) return Kind::kJpeg;
    if (begins("\x89PNG\r\n\x1a\n"sv)) return Kind::kPng;
    if (begins("GIF87a"sv) || begins("GIF89a"sv)) return Kind::kGif;
    if (begins("RIFF"sv) && head.size() >= 12 && head.substr(8, 4) == "WEBP"sv) return Kind::kWebp;
    if (begins("%PDF-"sv)) return Kind::kPdf;
    return Kind::kOther;
}

std::string_view mediaTypeOf(Kind kind) {
    switch (kind) {
        case Kind::kJpeg:
            return "image/jpeg";
        case Kind::kPng:
            return "image/png";
        case Kind::kGif:
            return "image/gif";
        case Kind::kWebp:
            return "image/webp";
        case Kind::kPdf:
            return "application/pdf";
        case Kind::kOther:
            break;
    }
    return {};
}

}  // namespace totem::images
