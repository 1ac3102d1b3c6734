#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

namespace totemd {

/// How results are shown to people. Texts come from outside: control characters, which could
/// steer a terminal, are shown as "?".
using OutputJson = nlohmann::ordered_json;

/// One line for each object, columns aligned. `columns` names members to show, in order; empty:
/// all members that occur. Long cells are cut.
void printTable(std::ostream& out, const OutputJson& rows, std::vector<std::string> columns = {});

/// Any result: an array of objects as a table, an object as "name: value" lines with its arrays
/// of objects as tables below, anything else as it is.
void printResult(std::ostream& out, const OutputJson& value);

/// A value in one line.
std::string cellText(const OutputJson& value);

/// "2026-01-31 12:00:00.123" (UTC) of nanoseconds since 1970.
std::string timeText(std::int64_t unixNs);

/// Every control character as "?".
std::string printable(std::string text);

}  // namespace totemd
