#include "ctl/plugin_skeleton.hpp"

#include <cctype>
#include <fstream>

#include "ctl/admin_client.hpp"
#include "ctl/plugin_template.hpp"

namespace totemd {

namespace fs = std::filesystem;

namespace {

/// A name for files, CMake targets, paths and a class alike.
bool isPluginName(const std::string& id) {
    return !id.empty() && id.front() >= 'a' && id.front() <= 'z' &&
           id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
}

/// credit_check → CreditCheck
std::string className(const std::string& id) {
    std::string name;
    bool start = true;
    for (const char c : id) {
        if (c != '_') name += start ? static_cast<char>(std::toupper(c)) : c;
        start = c == '_';
    }
    return name;
}

std::string filledIn(std::string text, const std::string& id) {
    for (const auto& [mark, value] :
         {std::pair<std::string, std::string>{"@ID@", id}, {"@CLASS@", className(id)}})
        for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos;
             at += value.size())
            text.replace(at, mark.size(), value);
    return text;
}

void writeFile(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    if (!file) throw CommandError(path.string() + " cannot be written");
    if (text.starts_with("#!"))
        fs::permissions(path,
                        fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                        fs::perm_options::add);
}

}  // namespace

std::vector<std::string> writePluginSkeleton(const fs::path& folder, const std::string& id) {
    if (!isPluginName(id))
        throw CommandError("\"" + id +
                               "\" is no name for a plugin: expected a letter, then a to z, "
                               "0 to 9 and \"_\"",
                           2);
    std::vector<std::string> written;
    try {
        if (fs::exists(folder) && !fs::is_empty(folder))
            throw CommandError(folder.string() + " is not empty: name another folder with --folder",
                               2);
        for (const auto& [name, text] : kPluginTemplate) {
            written.push_back(filledIn(name, id));
            writeFile(folder / written.back(), filledIn(text, id));
        }
    } catch (const fs::filesystem_error& error) {
        throw CommandError(error.what());
    }
    return written;
}

}  // namespace totemd
