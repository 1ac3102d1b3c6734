#include "plugin/crash_marks.hpp"

#include <fstream>

namespace totemd {

void CrashMarks::begin(const std::string& plugin, const std::string& fingerprint) const {
    if (folder_.empty()) return;
    std::ofstream(fileOf(plugin), std::ios::trunc) << fingerprint << std::flush;
}

void CrashMarks::end(const std::string& plugin) const {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove(fileOf(plugin), ignored);
}

bool CrashMarks::crashed(const std::string& plugin, const std::string& fingerprint) const {
    if (folder_.empty()) return false;
    std::ifstream file(fileOf(plugin));
    std::string found;
    return file && std::getline(file, found) && found == fingerprint;
}

}  // namespace totemd
