#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "observe/log_field.hpp"
#include "observe/mask.hpp"

namespace totemd {

/// A line on its way to the writer: the caller's texts, copied into one buffer, not yet masked.
struct LogRecord {
    std::int64_t timeNs;  // UNIX
    LogLevel level;
    std::uint32_t component;
    std::uint32_t eventLength;
    std::uint32_t fieldCount;
    std::string buffer;

    /// Copies; a value beyond 64 KB and fields beyond 64 are left out.
    static LogRecord pack(LogLevel level, std::string_view event, std::span<const LogField> fields);
};

/// A line as it may be shown: masked, keys and event reduced to plain names.
struct LogLine {
    struct Pair {
        std::string key;
        LogField::Kind kind;
        std::string value;
    };
    std::int64_t timeNs = 0;
    LogLevel level = LogLevel::info;
    std::string label;  // "part" or "plugin"
    std::string component;
    std::string event;
    std::vector<Pair> pairs;
};

LogLine unpack(const LogRecord& record, const Masker& masker);

/// `event key=value key="quoted value"`; control characters and broken UTF-8 are escaped, so that
/// no value can forge a line or reach the terminal.
std::string toLogfmt(const LogLine& line);
/// The logfmt line behind its time and level, ended by a newline.
void appendText(std::string& out, const LogLine& line);
/// One JSON object, ended by a newline.
void appendJson(std::string& out, const LogLine& line);
/// Hands the line to systemd's journal; false when there is none or it refuses.
bool sendToJournal(const LogLine& line);

/// `2026-11-24T07:47:01.123Z`
std::string isoTime(std::int64_t unixNs);

}  // namespace totemd
