#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace totemd {

/// The W3C trace context that a message carries through event, run, effects, logs and answer.
struct TraceContext {
    std::array<std::uint8_t, 16> traceId{};
    std::array<std::uint8_t, 8> spanId{};
    std::uint8_t flags = 0;

    /// A fresh trace with random ids, not sampled.
    static TraceContext make();
    /// Reads a `traceparent` header strictly: lower-case hex, no zero ids, no version ff; of later
    /// versions the part that version 00 knows. Anything else is nullopt: start a new trace then.
    static std::optional<TraceContext> parse(std::string_view traceparent);

    /// The same trace with a new span id: what is sent to the next party.
    TraceContext child() const;

    /// `00-<32 hex>-<16 hex>-<2 hex>`
    std::string traceparent() const;
    /// The 32 hex digits alone, as shown in logs.
    std::string traceIdHex() const;

    bool operator==(const TraceContext&) const = default;
};

}  // namespace totemd
