#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "observe/log_field.hpp"
#include "observe/mask.hpp"

namespace totemd {

class Log;
struct LogComponent;

/// Writes the lines of one component (a plugin, or a room of the host). Copyable, two pointers.
/// Threads: any. Lifetime: until its Log ends.
class Logger {
public:
    bool enabled(LogLevel level) const { return level >= level_->load(std::memory_order_relaxed); }

    /// `event` is what happened, dotted: `plugin.start.failed`. A level that is off costs one load.
    void write(LogLevel level, std::string_view event, std::span<const LogField> fields) const {
        if (enabled(level)) submit(level, event, fields);
    }
    using Fields = std::initializer_list<LogField>;
    void debug(std::string_view event, Fields fields = {}) const {
        write(LogLevel::debug, event, fields);
    }
    void info(std::string_view event, Fields fields = {}) const {
        write(LogLevel::info, event, fields);
    }
    void warn(std::string_view event, Fields fields = {}) const {
        write(LogLevel::warn, event, fields);
    }
    void error(std::string_view event, Fields fields = {}) const {
        write(LogLevel::error, event, fields);
    }
    void write(LogLevel level, std::string_view event, Fields fields) const {
        write(level, event, std::span<const LogField>(fields.begin(), fields.size()));
    }

private:
    friend class Log;
    Logger(Log& log, LogComponent& component);
    void submit(LogLevel level, std::string_view event, std::span<const LogField> fields) const;

    Log* log_;
    LogComponent* component_;
    const std::atomic<LogLevel>* level_;
};

/// `text`: time, level, event and logfmt pairs. `json`: one object a line. `journal`: the fields go
/// to systemd's journal as fields (`totemctl`'s `journalctl EVENT=...`); text if that is not built.
enum class LogFormat { text, json, journal };

struct LogOptions {
    LogFormat format = LogFormat::text;
    int fd = 2;  // borrowed; text and json are written here
    LogLevel level = LogLevel::info;
    std::size_t queueBytes = 4u << 20;  // waiting lines; what does not fit is dropped and counted
};

/// The daemon's log. Callers hand over a copy of their fields; one thread masks, formats and
/// writes them, so a slow reader of stderr delays nobody. Every value passes the Masker.
///
/// Repeated lines: after five identical ones in ten seconds (or a hundred warnings or errors with
/// the same event of one component), the rest are counted and reported as `log.repeated`.
///
/// Threads: all functions from anywhere. Lifetime: outlives its Loggers; the destructor writes
/// what is waiting, but gives up after two seconds without progress.
class Log {
public:
    explicit Log(LogOptions options = {});
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    /// The logger of a room of the host (shown as `part=`) or of a plugin (shown as `plugin=`).
    /// Asking again gives the same component.
    Logger part(std::string_view name);
    Logger plugin(std::string_view id);

    /// Changes the level of one component, known or not yet known; `setLevel(level)` that of all
    /// which have none of their own.
    void setLevel(std::string_view component, LogLevel level);
    void setLevel(LogLevel level);
    /// Name and level in force of every known component.
    std::vector<std::pair<std::string, LogLevel>> levels() const;

    Masker& masker() { return masker_; }
    bool registerSecret(std::string value) { return masker_.registerSecret(std::move(value)); }

    /// Waits until what was logged before is written (or two seconds passed).
    void flush();

    struct Counts {
        std::string component;
        std::uint64_t lines;  // accepted, repeated ones included
        std::uint64_t dropped;
    };
    /// For metrics: lines by component since the start.
    std::vector<Counts> counts() const;

private:
    friend class Logger;
    struct Impl;
    Masker masker_;
    std::unique_ptr<Impl> impl_;
};

}  // namespace totemd
