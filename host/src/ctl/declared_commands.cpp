#include "ctl/declared_commands.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <memory>
#include <set>

#include "config/file_text.hpp"

namespace totemd {

namespace {

constexpr std::size_t kMaxManifest = 1024 * 1024;

/// A word that can stand on a command line.
bool isWord(const std::string& text) {
    return !text.empty() && text.front() != '-' &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '-' || c == '_';
           });
}

std::string text(const OutputJson& object, const char* key) {
    auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string optionName(std::string name) {
    std::replace(name.begin(), name.end(), '_', '-');
    return "--" + name;
}

std::string upper(std::string name) {
    for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return name;
}

DeclaredArgument argumentOf(const OutputJson& from) {
    DeclaredArgument argument;
    argument.name = text(from, "name");
    argument.kind = text(from, "kind");
    argument.input = text(from, "input");
    argument.help = printable(text(from, "help"));
    if (argument.input.empty()) argument.input = argument.name;
    if (argument.kind.empty()) argument.kind = "string";
    argument.required = from.value("required", OutputJson(false)) == true;
    return argument;
}

/// What was typed for the arguments of one command; lives as long as the parse.
struct Typed {
    std::map<std::string, std::string> texts;
    std::map<std::string, std::int64_t> integers;
    std::map<std::string, bool> flags;
};

/// A file's text; as JSON when it is an object or array and the action does not ask for a text.
OutputJson fileContent(Session& session, const std::string& file, bool wantsText) {
    std::string content = session.readInput(file);
    if (!wantsText) {
        OutputJson parsed = OutputJson::parse(content, nullptr, false);
        if (parsed.is_structured()) return parsed;
    }
    return content;
}

std::string base64(const std::string& bytes) {
    constexpr const char* kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t three = 0;
        for (std::size_t k = 0; k < 3; ++k)
            three = three << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        for (std::size_t k = 0; k < 4; ++k)
            out += i + k <= bytes.size() ? kDigits[three >> (18 - 6 * k) & 63] : '=';
    }
    return out;
}

/// True when the action's input schema says that this member is a text.
bool wantsText(AdminClient& client, const std::string& action, const std::string& input) {
    const auto answer = client.tryGet("/api/v1/actions");
    if (!answer || !answer->contains("actions")) return false;
    for (const auto& known : (*answer)["actions"]) {
        if (!known.is_object() || text(known, "name") != action) continue;
        const OutputJson::json_pointer type("/input/properties/" + input + "/type");
        return known.contains(type) && known[type] == "string";
    }
    return false;
}

void callAction(Session& session, const DeclaredCommand& command, const CLI::App& parsed,
                const Typed& typed) {
    AdminClient client = session.client();
    OutputJson input = OutputJson::object();
    for (const DeclaredArgument& argument : command.arguments) {
        const std::string option = argument.required && argument.kind != "flag"
                                       ? upper(argument.name)
                                       : optionName(argument.name);
        if (parsed.count(option) == 0) continue;
        if (argument.kind == "flag") {
            input[argument.input] = typed.flags.at(argument.name);
        } else if (argument.kind == "integer") {
            input[argument.input] = typed.integers.at(argument.name);
        } else if (argument.kind == "file-content") {
            input[argument.input] = fileContent(session, typed.texts.at(argument.name),
                                                wantsText(client, command.action, argument.input));
        } else if (argument.kind == "file-base64") {
            input[argument.input] = base64(session.readInput(typed.texts.at(argument.name)));
        } else {
            input[argument.input] = typed.texts.at(argument.name);
        }
    }
    std::string body;
    try {
        body = input.dump();
    } catch (const OutputJson::exception&) {
        throw CommandError("an argument or file holds bytes that are not UTF-8", 2);
    }
    session.show(client.post("/api/v1/actions/" + AdminClient::encode(command.action), body),
                 [&](const auto& answer) { printResult(session.out(), answer); });
}

void addCommand(CLI::App& group, Session& session, const DeclaredCommand& command) {
    auto typed = std::make_shared<Typed>();
    auto* verb = group.add_subcommand(command.verb, command.help);
    for (const DeclaredArgument& argument : command.arguments) {
        CLI::Option* option = nullptr;
        const bool positional = argument.required && argument.kind != "flag";
        const std::string name = positional ? upper(argument.name) : optionName(argument.name);
        if (argument.kind == "flag") {
            option = verb->add_flag(name, typed->flags[argument.name], argument.help);
        } else if (argument.kind == "integer") {
            option = verb->add_option(name, typed->integers[argument.name], argument.help);
        } else {
            option = verb->add_option(name, typed->texts[argument.name], argument.help);
        }
        option->required(argument.required);
    }
    verb->callback(
        [&session, command, verb, typed] { callAction(session, command, *verb, *typed); });
}

}  // namespace

std::vector<DeclaredCommand> declaredCommands(const OutputJson& list) {
    std::vector<DeclaredCommand> commands;
    if (!list.is_array()) return commands;
    for (const auto& from : list) {
        if (!from.is_object()) continue;
        DeclaredCommand command{text(from, "group"),
                                text(from, "verb"),
                                text(from, "action"),
                                printable(text(from, "help")),
                                {}};
        bool complete = isWord(command.group) && isWord(command.verb) && !command.action.empty();
        for (const auto& argument : from.value("arguments", OutputJson::array())) {
            if (argument.is_object()) command.arguments.push_back(argumentOf(argument));
            complete = complete && argument.is_object() && isWord(command.arguments.back().name);
        }
        if (complete) commands.push_back(std::move(command));
    }
    return commands;
}

std::vector<DeclaredCommand> installedCommands(const LoadedConfig& configuration) {
    std::vector<DeclaredCommand> commands;
    if (!configuration.configuration) return commands;
    for (const auto& [id, plugin] : configuration.configuration->plugins) {
        if (!plugin.enabled) continue;
        for (const std::string& folder : configuration.configuration->pluginPath) {
            const FileText read =
                readFileText(std::filesystem::path(folder) / id / "plugin.json", kMaxManifest);
            if (!read.error.empty()) continue;
            const auto manifest = OutputJson::parse(read.text, nullptr, false);
            if (!manifest.is_object() || !manifest.contains("commands")) break;
            for (DeclaredCommand& command : declaredCommands(manifest["commands"]))
                commands.push_back(std::move(command));
            break;
        }
    }
    return commands;
}

void addDeclaredCommands(CLI::App& app, Session& session,
                         const std::vector<DeclaredCommand>& commands) {
    std::map<std::string, CLI::App*> groups;
    std::vector<std::string> own;
    std::set<std::string> taken;  // the first plugin that declares a command has it
    for (const CLI::App* sub : app.get_subcommands([](CLI::App*) { return true; }))
        own.push_back(sub->get_name());
    for (const DeclaredCommand& command : commands) {
        if (std::find(own.begin(), own.end(), command.group) != own.end()) continue;
        CLI::App*& group = groups[command.group];
        if (group == nullptr) {
            group = app.add_subcommand(command.group, "Commands of an installed plugin");
            group->require_subcommand(1);
            group->group("Of plugins");
        }
        if (!taken.insert(command.group + " " + command.verb).second) continue;
        addCommand(*group, session, command);
    }
}

}  // namespace totemd
