#include "config/loader.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <tuple>

#include "config/checks.hpp"
#include "config/file_text.hpp"
#include "config/mask.hpp"
#include "config/references.hpp"
#include "config/sections.hpp"
#include "config/suggest.hpp"
#include "config/typed.hpp"

namespace totemd {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxFile = 4 * 1024 * 1024;

/// The files of `conf.d` in the order of their names: *.json, nothing hidden.
std::vector<fs::path> dropIns(const fs::path& folder, std::vector<ConfigProblem>& problems) {
    std::vector<fs::path> files;
    std::error_code error;
    fs::directory_iterator at(folder, error);
    if (error && error != std::errc::no_such_file_or_directory)
        problems.push_back(
            {folder.string(), 0, 0, "", "", "this folder cannot be read: " + error.message(), ""});
    for (const fs::directory_iterator end; !error && at != end; at.increment(error)) {
        const fs::path& path = at->path();
        std::error_code ignored;
        if (path.extension() == ".json" && !path.filename().string().starts_with(".") &&
            !fs::is_directory(path, ignored))
            files.push_back(path);
    }
    std::sort(files.begin(), files.end());
    return files;
}

/// One run of the reader: each step works on what the steps before left.
class Loader {
public:
    explicit Loader(const ConfigSources& sources) : sources_(sources), sections_(configSections()) {
        if (sources_.credentialsDirectory.empty())
            sources_.credentialsDirectory =
                sources_.environment("CREDENTIALS_DIRECTORY").value_or("");
    }

    LoadedConfig run(const fs::path& file) {
        readFiles(file);
        if (complete_) {
            references_ =
                resolveReferences(document_, sources_, result_.problems, result_.warnings);
            rebasePluginPath();
            findAdmin();
            checkSections();
            checkPluginConfigs();
            checkMeaning(document_, references_, installedPlugins(), defaultListeners(),
                         result_.problems, result_.warnings);
            excuseDisabledPlugins();
        }
        sortProblems(result_.problems);
        sortProblems(result_.warnings);
        if (result_.problems.empty()) finish();
        return std::move(result_);
    }

private:
    void readFiles(const fs::path& file) {
        complete_ = readInto(file);
        for (const fs::path& dropIn : dropIns(file.parent_path() / "conf.d", result_.problems))
            complete_ = readInto(dropIn) && complete_;
    }

    bool readInto(const fs::path& path) {
        const FileText read = readFileText(path, kMaxFile);
        if (!read.error.empty()) {
            result_.problems.push_back({path.string(), 0, 0, "", "", read.error, ""});
            return false;
        }
        result_.files.push_back(path.string());
        auto parsed = parseConfigDocument(path.string(), read.text, result_.problems);
        if (!parsed) return false;
        if (!parsed->root.is_object()) {
            result_.problems.push_back(parsed->problemAt(
                "", std::string("expected an object with sections such as \"listeners\", got ") +
                        parsed->root.type_name()));
            return false;
        }
        if (result_.files.size() == 1) {
            document_ = std::move(*parsed);
        } else {
            mergeDocument(document_, *parsed);
        }
        return true;
    }

    void findAdmin() {
        auto text = [this](const char* pointer) -> std::string {
            const json::json_pointer at(pointer);
            return document_.root.contains(at) && document_.root[at].is_string()
                       ? document_.root[at].get<std::string>()
                       : "";
        };
        result_.admin = {text("/listeners/admin/address"), text("/listeners/admin/token")};
        if (section("listeners") == nullptr) result_.admin.address = "127.0.0.1:9678";
    }

    const json* section(const std::string& name) const {
        auto found = document_.root.find(name);
        return found == document_.root.end() ? nullptr : &*found;
    }

    /// Relative folders count from the file that names them.
    void rebasePluginPath() {
        auto list = document_.root.find("plugin_path");
        if (list == document_.root.end() || !list->is_array()) return;
        for (std::size_t i = 0; i < list->size(); ++i) {
            json& entry = (*list)[i];
            if (!entry.is_string() || entry.get_ref<const std::string&>().empty()) continue;
            const fs::path base =
                fs::path(document_.placeOf("/plugin_path/" + std::to_string(i)).file).parent_path();
            std::error_code error;
            const fs::path whole = fs::absolute(base / entry.get<std::string>(), error);
            if (!error) entry = whole.lexically_normal().string();
        }
    }

    Schema::Disguise disguise(const std::string& prefix) const {
        return [this, prefix](const std::string& pointer) -> std::string {
            auto origin = references_.origins.find(prefix + pointer);
            return origin == references_.origins.end() ? "" : "what " + origin->second + " holds";
        };
    }

    void addSchemaProblems(const Schema& schema, const json& value, const std::string& prefix) {
        for (const SchemaProblem& found : schema.check(value, disguise(prefix))) {
            const std::string pointer = prefix + found.pointer;
            if (references_.unresolved.contains(pointer)) continue;
            ConfigProblem problem = found.atKey ? document_.problemAtKey(pointer, found.message)
                                                : document_.problemAt(pointer, found.message);
            problem.suggestion = found.suggestion;
            result_.problems.push_back(std::move(problem));
        }
    }

    void checkSections() {
        std::vector<std::string> names;
        for (const ConfigSection& known : sections_) {
            names.push_back(known.name);
            if (const json* value = section(known.name))
                addSchemaProblems(known.schema, *value, "/" + known.name);
        }
        for (const auto& [name, value] : document_.root.items()) {
            if (name == "$schema" || std::find(names.begin(), names.end(), name) != names.end())
                continue;
            std::string known;
            for (const std::string& one : names) known += (known.empty() ? "" : ", ") + one;
            ConfigProblem problem = document_.problemAtKey(
                childPointer("", name), "unknown section, expected one of " + known);
            problem.suggestion = nearestName(name, names);
            result_.problems.push_back(std::move(problem));
        }
    }

    std::vector<std::string> pluginPath() const {
        std::vector<std::string> folders;
        const json* list = section("plugin_path");
        if (list == nullptr) return Configuration{}.pluginPath;
        if (list->is_array())
            for (const json& folder : *list)
                if (folder.is_string()) folders.push_back(folder.get<std::string>());
        return folders;
    }

    std::vector<std::string> installedPlugins() const {
        std::vector<std::string> ids;
        for (const auto& [id, schema] : schemas_) ids.push_back(id);
        return ids;
    }

    void checkPluginConfigs() {
        schemas_ = sources_.findPlugins(pluginPath(), result_.problems);
        const json* plugins = section("plugins");
        if (plugins == nullptr || !plugins->is_object()) return;
        for (const auto& [id, plugin] : plugins->items()) {
            auto known = schemas_.find(id);
            if (known == schemas_.end() || known->second.schema.empty() || !plugin.is_object())
                continue;
            const json config = plugin.value("config", json::object());
            if (config.is_object()) checkPluginConfig(id, known->second, config);
        }
    }

    void checkPluginConfig(const std::string& id, const PluginSchema& known, const json& config) {
        try {
            const Schema& schema = compiled_.emplace(id, Schema(known.schema)).first->second;
            addSchemaProblems(schema, config, childPointer("/plugins", id) + "/config");
        } catch (const std::invalid_argument& error) {
            result_.problems.push_back({known.schemaFile, 0, 0, "", "",
                                        error.what() + std::string(": ask who made plugin ") + id,
                                        ""});
        }
    }

    /// A plugin that is off stops nobody: its mistakes are warnings until it is enabled, and what
    /// it refers to need not exist yet.
    void excuseDisabledPlugins() {
        const json* plugins = section("plugins");
        if (plugins == nullptr || !plugins->is_object()) return;
        for (const auto& [id, plugin] : plugins->items())
            if (plugin.is_object() && plugin.value("enabled", json(true)) == false)
                excuse(childPointer("/plugins", id) + "/config/");
    }

    void excuse(const std::string& inside) {
        auto isUnresolved = [&](const ConfigProblem& problem) {
            return problem.pointer.starts_with(inside) &&
                   references_.unresolved.contains(problem.pointer);
        };
        std::erase_if(result_.problems, isUnresolved);
        std::erase_if(result_.warnings, isUnresolved);
        auto excused = std::stable_partition(
            result_.problems.begin(), result_.problems.end(),
            [&](const ConfigProblem& problem) { return !problem.pointer.starts_with(inside); });
        for (auto at = excused; at != result_.problems.end(); ++at) {
            at->message += " (ignored while the plugin is disabled)";
            result_.warnings.push_back(std::move(*at));
        }
        result_.problems.erase(excused, result_.problems.end());
    }

    void sortProblems(std::vector<ConfigProblem>& problems) const {
        auto order = [this](const ConfigProblem& problem) {
            const auto at = std::find(result_.files.begin(), result_.files.end(), problem.file);
            return std::make_tuple(at - result_.files.begin(), problem.line, problem.column);
        };
        std::stable_sort(problems.begin(), problems.end(),
                         [&](const auto& a, const auto& b) { return order(a) < order(b); });
        problems.erase(std::unique(problems.begin(), problems.end()), problems.end());
    }

    std::vector<std::string> defaultListeners() const {
        std::vector<std::string> names;
        for (const ConfigSection& known : sections_) {
            if (known.name != "listeners") continue;
            const json listeners = known.schema.defaultValue();
            for (const auto& [name, listener] : listeners.items()) names.push_back(name);
        }
        return names;
    }

    void fillDefaults() {
        json& root = document_.root;
        for (const ConfigSection& known : sections_) {
            if (!root.contains(known.name)) root[known.name] = known.schema.defaultValue();
            known.schema.fillDefaults(root[known.name]);
        }
        for (auto& [id, plugin] : root["plugins"].items())
            if (auto schema = compiled_.find(id); schema != compiled_.end())
                schema->second.fillDefaults(plugin["config"]);
    }

    bool isSecret(const std::string& pointer) const {
        if (references_.isSecret(pointer)) return true;
        const std::vector<std::string> tokens = pointerTokens(pointer);
        if (tokens.size() > 3 && tokens[0] == "plugins" && tokens[2] == "config") {
            auto schema = compiled_.find(tokens[1]);
            const std::string prefix = childPointer("/plugins", tokens[1]) + "/config";
            return schema != compiled_.end() &&
                   schema->second.isWriteOnly(document_.root["plugins"][tokens[1]]["config"],
                                              pointer.substr(prefix.size()));
        }
        for (const ConfigSection& known : sections_)
            if (!tokens.empty() && known.name == tokens[0])
                return known.schema.isWriteOnly(document_.root[known.name],
                                                pointer.substr(known.name.size() + 1));
        return false;
    }

    void finish() {
        fillDefaults();
        std::vector<std::string> secrets = references_.secrets;
        const json masked = maskSecrets(
            document_.root, [this](const std::string& p) { return isSecret(p); }, secrets);
        result_.maskedDump = masked.dump(4);
        result_.configuration = toConfiguration(document_.root);
        std::sort(secrets.begin(), secrets.end());
        secrets.erase(std::unique(secrets.begin(), secrets.end()), secrets.end());
        result_.configuration->secrets = std::move(secrets);
    }

    ConfigSources sources_;
    std::vector<ConfigSection> sections_;
    LoadedConfig result_;
    ConfigDocument document_;
    ResolvedReferences references_;
    PluginSchemas schemas_;
    std::map<std::string, Schema> compiled_;  // by plugin id
    bool complete_ = false;                   // every file could be read to its end
};

}  // namespace

std::optional<std::string> processEnvironment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

LoadedConfig loadConfiguration(const fs::path& file, const ConfigSources& sources) {
    return Loader(sources).run(file);
}

ConfigCheck checkConfiguration(const fs::path& file, const ConfigSources& sources) {
    const LoadedConfig loaded = loadConfiguration(file, sources);
    ConfigCheck check;
    for (const ConfigProblem& warning : loaded.warnings)
        check.text += "warning: " + warning.text() + "\n";
    check.text += describe(loaded.problems);
    if (loaded.problems.empty()) {
        check.text += file.string() + ": ok\n";
        return check;
    }
    const std::size_t count = loaded.problems.size();
    check.text += std::to_string(count) + (count == 1 ? " error\n" : " errors\n");
    check.exitCode = 2;
    return check;
}

}  // namespace totemd
