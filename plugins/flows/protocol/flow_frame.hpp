#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace totem::flows {

/// One message between the flow plugin and its worker: a small JSON header, then a body that the
/// receiver may store or hand on without parsing it.
///
///     u32 little endian: length of the header | header (UTF-8 JSON object) | body
///
/// The length of the whole comes from the frame around it. See interpreter/PROTOCOL.md.
struct FlowFrame {
    std::string_view header;
    std::string_view body;
};

inline constexpr std::size_t kFrameHeaderLimit = 64u << 20;

/// Builds the bytes of a message.
inline std::string encodeFlowFrame(std::string_view header, std::string_view body = {}) {
    const auto size = static_cast<std::uint32_t>(header.size());
    std::string bytes;
    bytes.reserve(4 + header.size() + body.size());
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(size >> shift));
    bytes.append(header).append(body);
    return bytes;
}

/// Splits a message; the parts point into `bytes`. Nothing if the length does not fit.
inline std::optional<FlowFrame> decodeFlowFrame(std::string_view bytes) {
    if (bytes.size() < 4) return std::nullopt;
    std::uint32_t size = 0;
    for (int i = 3; i >= 0; --i) size = (size << 8) | static_cast<unsigned char>(bytes[i]);
    if (size > kFrameHeaderLimit || size > bytes.size() - 4) return std::nullopt;
    return FlowFrame{bytes.substr(4, size), bytes.substr(4 + size)};
}

}  // namespace totem::flows
