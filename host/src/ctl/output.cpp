#include "ctl/output.hpp"

#include <algorithm>
#include <array>
#include <ctime>

namespace totemd {

namespace {

constexpr std::size_t kWidestCell = 72;

bool startsCharacter(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), startsCharacter));
}

std::string cut(const std::string& text) {
    if (width(text) <= kWidestCell) return text;
    std::size_t characters = 0;
    std::size_t end = 0;
    for (; end < text.size(); ++end)
        if (startsCharacter(text[end]) && ++characters == kWidestCell) break;
    return text.substr(0, end) + "…";
}

bool isTable(const OutputJson& value) {
    return value.is_array() && !value.empty() &&
           std::all_of(value.begin(), value.end(), [](const auto& row) { return row.is_object(); });
}

std::vector<std::string> allColumns(const OutputJson& rows) {
    std::vector<std::string> columns;
    for (const auto& row : rows)
        for (const auto& [key, value] : row.items())
            if (std::find(columns.begin(), columns.end(), key) == columns.end())
                columns.push_back(key);
    // Results come sorted by name; who it is about belongs to the left.
    for (const char* first : {"name", "id", "seq"})
        if (auto found = std::find(columns.begin(), columns.end(), first); found != columns.end())
            std::rotate(columns.begin(), found, found + 1);
    return columns;
}

std::string heading(std::string name) {
    for (char& c : name)
        c = c == '_' ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return printable(name);
}

void printRow(std::ostream& out, const std::vector<std::string>& cells,
              const std::vector<std::size_t>& widths) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        line += cells[i];
        if (i + 1 < cells.size()) line.append(widths[i] - width(cells[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << "\n";
}

}  // namespace

std::string printable(std::string text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        // C1 controls are 0xC2 0x80 to 0xC2 0x9F in UTF-8.
        const bool c1 =
            c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (c1) ++i;
        result += c < 0x20 || c == 0x7F || c1 ? '?' : text[i];
    }
    return result;
}

std::string cellText(const OutputJson& value) {
    if (value.is_null()) return "-";
    if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
    if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        return text.empty() ? "-" : printable(text);
    }
    if (value.is_array() &&
        std::all_of(value.begin(), value.end(), [](const auto& one) { return one.is_string(); })) {
        std::string joined;
        for (const auto& one : value) joined += (joined.empty() ? "" : ", ") + cellText(one);
        return joined.empty() ? "-" : joined;
    }
    return printable(value.dump(-1, ' ', false, OutputJson::error_handler_t::replace));
}

void printTable(std::ostream& out, const OutputJson& rows, std::vector<std::string> columns) {
    if (columns.empty()) columns = allColumns(rows);
    std::vector<std::vector<std::string>> lines(1);
    for (const std::string& column : columns) lines[0].push_back(heading(column));
    for (const auto& row : rows) {
        auto& line = lines.emplace_back();
        for (const std::string& column : columns)
            line.push_back(cut(row.contains(column) ? cellText(row[column]) : "-"));
    }
    std::vector<std::size_t> widths(columns.size());
    for (const auto& line : lines)
        for (std::size_t i = 0; i < line.size(); ++i)
            widths[i] = std::max(widths[i], width(line[i]));
    for (const auto& line : lines) printRow(out, line, widths);
}

void printResult(std::ostream& out, const OutputJson& value) {
    if (isTable(value)) return printTable(out, value);
    if (!value.is_object()) {
        out << cellText(value) << "\n";
        return;
    }
    std::size_t widest = 0;
    for (const auto& [key, member] : value.items())
        if (!isTable(member)) widest = std::max(widest, width(printable(key)));
    for (const auto& [key, member] : value.items()) {
        if (isTable(member)) continue;
        const std::string name = printable(key) + ":";
        out << name << std::string(widest + 2 - width(name), ' ') << cellText(member) << "\n";
    }
    for (const auto& [key, member] : value.items()) {
        if (!isTable(member)) continue;
        if (value.size() > 1) out << "\n" << printable(key) << ":\n";
        printTable(out, member);
    }
}

std::string timeText(std::int64_t unixNs) {
    const std::time_t seconds = unixNs / 1'000'000'000;
    std::tm parts{};
    if (gmtime_r(&seconds, &parts) == nullptr) return std::to_string(unixNs);
    std::array<char, 40> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
    const auto milliseconds = std::to_string(1000 + unixNs / 1'000'000 % 1000).substr(1);
    return std::string(text.data()) + "." + milliseconds;
}

}  // namespace totemd
