#include <algorithm>
#include <array>
#include <cctype>

#include "observe/log_record.hpp"

#ifdef TOTEM_HAVE_LIBSYSTEMD
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>
#include <unistd.h>
#endif

namespace totemd {

#ifdef TOTEM_HAVE_LIBSYSTEMD

namespace {

/// The journal's field names: capitals, digits, underscores. The prefix keeps them apart from its
/// own.
std::string journalField(std::string_view key, std::string_view value) {
    std::string field = "TOTEM_";
    for (char c : key.substr(0, 50)) {
        field += std::isalnum(static_cast<unsigned char>(c))
                     ? static_cast<char>(std::toupper(static_cast<unsigned char>(c)))
                     : '_';
    }
    field += '=';
    field += value;
    return field;
}

}  // namespace

bool sendToJournal(const LogLine& line) {
    // Without a journal sd_journal_sendv drops the line and calls it a success.
    if (access("/run/systemd/journal/socket", W_OK) != 0) return false;
    static constexpr std::array<char, 4> kPriority{'7', '6', '4', '3'};
    std::vector<std::string> fields;
    fields.push_back("MESSAGE=" + toLogfmt(line));
    fields.push_back(std::string("PRIORITY=") + kPriority[static_cast<std::size_t>(line.level)]);
    fields.push_back("SYSLOG_IDENTIFIER=totemd");
    fields.push_back(journalField("event", line.event));
    fields.push_back(journalField(line.label, line.component));
    for (const LogLine::Pair& pair : line.pairs) {
        fields.push_back(journalField(pair.key, pair.value));
    }
    std::vector<iovec> parts;
    for (std::string& field : fields) parts.push_back({field.data(), field.size()});
    return sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) == 0;
}

#else

bool sendToJournal(const LogLine&) {
    return false;
}

#endif

}  // namespace totemd
