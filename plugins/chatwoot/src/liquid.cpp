#include "liquid.hpp"

namespace totem::chatwoot {

std::string neutralizeLiquid(std::string_view text) {
    static constexpr std::string_view kInvisible = "\xE2\x80\x8C";
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        out += text[i];
        if (text[i] == '{' && i + 1 < text.size() && (text[i + 1] == '{' || text[i + 1] == '%')) out += kInvisible;
    }
    return out;
}

}  // namespace totem::chatwoot
