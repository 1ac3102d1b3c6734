#include "text.hpp"

namespace totem::chatwoot {
namespace {

bool isSpace(char c) {
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

bool isWordCharacter(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80;
}

/// A single mark that opens: not doubled, not within a word, something that is no space behind it.
bool opens(std::string_view text, std::size_t at) {
    const char mark = text[at];
    if (at + 1 >= text.size() || text[at + 1] == mark || isSpace(text[at + 1])) return false;
    return at == 0 || (text[at - 1] != mark && !isWordCharacter(text[at - 1]));
}

/// The single mark that closes it on the same line, or npos.
std::size_t closing(std::string_view text, std::size_t open) {
    const char mark = text[open];
    for (std::size_t i = open + 2; i < text.size() && text[i] != '\n'; ++i) {
        if (text[i] != mark || isSpace(text[i - 1])) continue;
        const bool doubled = text[i - 1] == mark || (i + 1 < text.size() && text[i + 1] == mark);
        const bool inWord = i + 1 < text.size() && isWordCharacter(text[i + 1]);
        if (!doubled && !inWord) return i;
    }
    return std::string_view::npos;
}

}  // namespace

std::string neutralizeLiquid(std::string_view text) {
    static constexpr std::string_view kInvisible = "\xE2\x80\x8C";
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        out += text[i];
        if (text[i] == '{' && i + 1 < text.size() && (text[i + 1] == '{' || text[i + 1] == '%'))
            out += kInvisible;
    }
    return out;
}

std::string whatsappToMarkdown(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 8);
    std::size_t close = std::string_view::npos;
    for (std::size_t i = 0; i < text.size(); ++i) {
        out += text[i];
        if (i == close) {
            out += text[i];
            close = std::string_view::npos;
        } else if (close == std::string_view::npos && (text[i] == '*' || text[i] == '~') &&
                   opens(text, i)) {
            close = closing(text, i);
            if (close != std::string_view::npos) out += text[i];
        }
    }
    return out;
}

}  // namespace totem::chatwoot
