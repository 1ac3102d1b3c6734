#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "totem/abi/log.h"
#include "totem/body.hpp"
#include "totem/extension.hpp"

namespace totem {
inline namespace v0 {

/// One value of a log line: text, a number or a flag.
class LogValue {
public:
    LogValue(std::string_view text) : text_(text) {}
    LogValue(const std::string& text) : text_(text) {}
    LogValue(const char* text) : text_(text) {}
    LogValue(bool value) : text_(value ? "true" : "false") {}
    template <typename Number, typename = std::enable_if_t<std::is_arithmetic_v<Number> &&
                                                           !std::is_same_v<Number, bool>>>
    LogValue(Number value) : text_(std::to_string(value)) {}
    std::string_view text() const { return text_; }

private:
    std::string text_;
};

/// Structured log of the plugin. Any thread. The host adds the plugin's id and masks secrets, DNIs
/// and phone numbers; do not rely on it and leave customers' data out. `event` is a dotted name
/// ("query.failed"), the values go into fields:
///   log.warning("portal.refused", {{"status", code}, {"upstream", name}});
class Log {
public:
    using Fields = std::initializer_list<std::pair<std::string_view, LogValue>>;

    explicit Log(const totem_host* host)
        : host_(host), log_(hostExtension<totem_host_log>(host, TOTEM_EXT_LOG)) {}

    void trace(std::string_view event, Fields fields = {}) const {
        write(TOTEM_LOG_TRACE, event, fields);
    }
    void debug(std::string_view event, Fields fields = {}) const {
        write(TOTEM_LOG_DEBUG, event, fields);
    }
    void info(std::string_view event, Fields fields = {}) const {
        write(TOTEM_LOG_INFO, event, fields);
    }
    void warning(std::string_view event, Fields fields = {}) const {
        write(TOTEM_LOG_WARNING, event, fields);
    }
    void error(std::string_view event, Fields fields = {}) const {
        write(TOTEM_LOG_ERROR, event, fields);
    }

private:
    void write(std::int32_t level, std::string_view event, Fields fields) const {
        if (!TOTEM_HAS(log_, write)) return;
        if (TOTEM_HAS(log_, enabled) && log_->enabled(host_, level) == 0) return;
        std::vector<totem_header> views;
        views.reserve(fields.size());
        for (const auto& [name, value] : fields) views.push_back({str(name), str(value.text())});
        log_->write(host_, level, str(event), views.data(),
                    static_cast<std::uint32_t>(views.size()));
    }

    const totem_host* host_;
    const totem_host_log* log_;
};

}  // namespace v0
}  // namespace totem
