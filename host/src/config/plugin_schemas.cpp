#include <algorithm>

#include "config/file_text.hpp"
#include "config/loader.hpp"

namespace totemd {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxSchema = 1024 * 1024;

std::vector<fs::path> pluginFolders(const fs::path& folder) {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
        if (fs::exists(at->path() / "plugin.json", error)) found.push_back(at->path());
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace

PluginSchemas findPluginSchemas(const std::vector<std::string>& pluginPath,
                                std::vector<ConfigProblem>& problems) {
    PluginSchemas schemas;
    for (const std::string& folder : pluginPath) {
        for (const fs::path& plugin : pluginFolders(folder)) {
            const std::string id = plugin.filename().string();
            const fs::path file = plugin / "schema.json";
            if (schemas.contains(id)) continue;
            PluginSchema& schema = schemas[id];
            std::error_code error;
            if (!fs::exists(file, error)) continue;
            schema.schemaFile = file.string();
            FileText read = readFileText(file, kMaxSchema);
            if (!read.error.empty())
                problems.push_back({file.string(), 0, 0, "", "", read.error, ""});
            schema.schema = std::move(read.text);
        }
    }
    return schemas;
}

}  // namespace totemd
