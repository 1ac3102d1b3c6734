#include "plugin/crash_marks.hpp"

#include <fstream>

namespace totemd {

void CrashMarks::begin(const std::string& plugin, const std::string& fingerprint) const {
    if (folder_.empty()) return;
    const int starts = startsOf(plugin, fingerprint) + 1;
    std::ofstream(fileOf(plugin), std::ios::trunc) << fingerprint << '\n' << starts << std::flush;
}

void CrashMarks::end(const std::string& plugin) const {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove(fileOf(plugin), ignored);
}

bool CrashMarks::crashed(const std::string& plugin, const std::string& fingerprint) const {
    return !folder_.empty() && startsOf(plugin, fingerprint) >= kStarts;
}

int CrashMarks::startsOf(const std::string& plugin, const std::string& fingerprint) const {
    std::ifstream file(fileOf(plugin));
    std::string found;
    int starts = 0;
    const bool same = file && std::getline(file, found) && found == fingerprint;
    return same && file >> starts ? starts : 0;
}

}  // namespace totemd
