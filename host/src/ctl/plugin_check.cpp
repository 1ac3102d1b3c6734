#include "ctl/plugin_check.hpp"

#include <chrono>

#include "config/file_text.hpp"
#include "config/schema.hpp"
#include "ctl/declared_commands.hpp"
#include "plugin/manifest.hpp"
#include "plugin/probe.hpp"

namespace totemd {

namespace {

constexpr std::size_t kMaxSchema = 1024 * 1024;
constexpr auto kProbeTime = std::chrono::milliseconds(10'000);

std::string schemaProblem(const std::filesystem::path& file) {
    const FileText read = readFileText(file, kMaxSchema);
    if (!read.error.empty())
        return file.string() + " " + read.error + ": without it any configuration is accepted";
    try {
        static_cast<void>(Schema(read.text));
        return {};
    } catch (const std::exception& error) {
        return file.string() + " is " + error.what();
    }
}

/// The first action whose schemas cannot be used.
std::string actionProblem(const Manifest& manifest) {
    for (const Manifest::Action& action : manifest.actions) {
        for (const std::string* schema : {&action.input, &action.output}) {
            try {
                if (!schema->empty()) static_cast<void>(Schema(*schema));
            } catch (const std::exception& error) {
                return "action " + action.name + ": its schema is " + error.what();
            }
        }
    }
    return {};
}

std::string commandProblem(const Manifest& manifest) {
    const auto list = OutputJson::parse(manifest.commands);
    const auto commands = declaredCommands(list);
    if (commands.size() < list.size())
        return "an entry lacks group, verb or action, or a name is not a word of letters, digits, "
               "\"-\" and \"_\"";
    for (const DeclaredCommand& command : commands)
        if (manifest.action(command.action) == nullptr)
            return command.group + " " + command.verb + " maps to " + command.action +
                   ", which the manifest does not offer";
    return {};
}

}  // namespace

std::vector<PluginFinding> checkPlugin(const std::filesystem::path& folder,
                                       const std::filesystem::path& probeProgram) {
    Manifest manifest;
    try {
        manifest = readManifest(folder);
    } catch (const std::exception& error) {
        return {{"manifest", error.what()}};
    }
    std::vector<PluginFinding> findings{{"manifest", {}}};
    if (manifest.id != folder.filename())
        findings[0].problem = "id is \"" + manifest.id + "\", so the folder must be called that";
    findings.push_back({"schema", schemaProblem(folder / "schema.json")});
    findings.push_back({"actions", actionProblem(manifest)});
    findings.push_back({"commands", commandProblem(manifest)});
    findings.push_back({"library", probePlugin(probeProgram, folder, kProbeTime)});
    return findings;
}

}  // namespace totemd
