#include "config/references.hpp"

#include <algorithm>
#include <cstdlib>

#include "config/file_text.hpp"
#include "config/suggest.hpp"

namespace totemd {

using nlohmann::json;

namespace {

bool isUtf8(const std::string& text) {
    try {
        static_cast<void>(json(text).dump());
        return true;
    } catch (const json::exception&) {
        return false;
    }
}

void dropLastNewline(std::string& text) {
    if (!text.empty() && text.back() == '\n') text.pop_back();
    if (!text.empty() && text.back() == '\r') text.pop_back();
}

class Resolver {
public:
    Resolver(ConfigDocument& document, const ConfigSources& sources,
             std::vector<ConfigProblem>& problems, std::vector<ConfigProblem>& warnings)
        : document_(document), sources_(sources), problems_(problems), warnings_(warnings) {}

    ResolvedReferences run() {
        visit(document_.root, "");
        auto& secrets = result_.secrets;
        std::sort(secrets.begin(), secrets.end());
        secrets.erase(std::unique(secrets.begin(), secrets.end()), secrets.end());
        return std::move(result_);
    }

private:
    void visit(json& value, const std::string& pointer) {
        if (value.is_object()) {
            for (const auto& [key, child] : value.items()) visit(child, childPointer(pointer, key));
        } else if (value.is_array()) {
            for (std::size_t i = 0; i < value.size(); ++i)
                visit(value[i], pointer + "/" + std::to_string(i));
        } else if (value.is_string()) {
            auto& text = value.get_ref<std::string&>();
            if (text.find("${") != std::string::npos) text = resolve(text, pointer);
        }
    }

    std::string resolve(const std::string& text, const std::string& pointer) {
        std::string result;
        std::size_t at = 0;
        for (;;) {
            const std::size_t open = text.find("${", at);
            if (open == std::string::npos) return result + text.substr(at);
            if (open > at && text[open - 1] == '$') {
                result += text.substr(at, open - 1 - at) + "${";
                at = open + 2;
                continue;
            }
            result += text.substr(at, open - at);
            const std::size_t end = text.find('}', open);
            if (end == std::string::npos) {
                report(pointer, "\"${\" without \"}\": write \"$${\" for a plain \"${\"");
                return "";
            }
            result += lookUp(text.substr(open + 2, end - open - 2), pointer);
            at = end + 1;
        }
    }

    std::string lookUp(const std::string& inner, const std::string& pointer) {
        const std::size_t colon = inner.find(':');
        const std::string kind = inner.substr(0, colon);
        const std::string name = colon == std::string::npos ? "" : inner.substr(colon + 1);
        const std::string reference = "${" + inner + "}";
        result_.origins.emplace(pointer, reference);
        std::optional<std::string> value;
        if (kind == "env" && !name.empty()) {
            value = fromEnvironment(name, reference, pointer);
        } else if (kind == "file" && !name.empty()) {
            value = fromFile(pathBeside(name, pointer), reference, pointer);
        } else if (kind == "credential" && !name.empty()) {
            value = fromCredential(name, reference, pointer);
        } else {
            reportUnknownKind(kind, reference, pointer);
        }
        if (!value) {
            result_.unresolved.insert(pointer);
            return "";
        }
        if (!value->empty()) result_.secrets.push_back(*value);
        return *value;
    }

    void reportUnknownKind(const std::string& kind, const std::string& reference,
                           const std::string& pointer) {
        ConfigProblem problem = document_.problemAt(
            pointer, "expected ${env:NAME}, ${file:/path} or ${credential:name}, got " + reference +
                         " (write \"$${\" for a plain \"${\")");
        problem.suggestion = nearestName(kind, {"env", "file", "credential"});
        if (problem.suggestion == kind) problem.suggestion.clear();
        problems_.push_back(problem);
    }

    std::optional<std::string> fromEnvironment(const std::string& name,
                                               const std::string& reference,
                                               const std::string& pointer) {
        auto value = sources_.environment(name);
        if (!value) {
            report(pointer, reference + ": the environment has no variable " + name);
        } else if (!isUtf8(*value)) {
            report(pointer, reference + ": the variable holds bytes that are not UTF-8");
            value.reset();
        }
        return value;
    }

    std::optional<std::string> fromFile(const std::filesystem::path& path,
                                        const std::string& reference, const std::string& pointer) {
        FileText read = readFileText(path, kMaxConfigString);
        if (read.error.empty() && !isUtf8(read.text)) read.error = "holds bytes that are not UTF-8";
        if (!read.error.empty()) {
            report(pointer, reference + ": " + path.string() + " " + read.error);
            return std::nullopt;
        }
        dropLastNewline(read.text);
        return read.text;
    }

    std::optional<std::string> fromCredential(const std::string& name, const std::string& reference,
                                              const std::string& pointer) {
        if (name.find('/') != std::string::npos || name == "." || name == "..") {
            report(pointer, reference + ": expected a credential's name, not a path");
            return std::nullopt;
        }
        if (!sources_.credentialsDirectory.empty())
            return fromFile(std::filesystem::path(sources_.credentialsDirectory) / name, reference,
                            pointer);
        const std::string message =
            reference + ": there is no credentials directory ($CREDENTIALS_DIRECTORY is not set)";
        if (sources_.credentialsOptional) {
            warnings_.push_back(document_.problemAt(
                pointer, message + ", so it was not checked; the service gets it from systemd"));
            return std::nullopt;
        }
        report(pointer, message + ": add LoadCredential=" + name +
                            ":/path to the service, or use ${file:/path}");
        return std::nullopt;
    }

    std::filesystem::path pathBeside(const std::string& name, const std::string& pointer) const {
        return std::filesystem::path(document_.placeOf(pointer).file).parent_path() / name;
    }

    void report(const std::string& pointer, const std::string& message) {
        problems_.push_back(document_.problemAt(pointer, message));
    }

    ConfigDocument& document_;
    const ConfigSources& sources_;
    std::vector<ConfigProblem>& problems_;
    std::vector<ConfigProblem>& warnings_;
    ResolvedReferences result_;
};

}  // namespace

ResolvedReferences resolveReferences(ConfigDocument& document, const ConfigSources& sources,
                                     std::vector<ConfigProblem>& problems,
                                     std::vector<ConfigProblem>& warnings) {
    return Resolver(document, sources, problems, warnings).run();
}

}  // namespace totemd
