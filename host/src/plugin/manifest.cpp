#include "plugin/manifest.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

namespace totemd {
namespace {

using Json = nlohmann::json;

/// One object of the manifest, with its place for messages.
class Section {
public:
    Section(const Json& object, std::string place) : object_(object), place_(std::move(place)) {
        if (!object.is_object())
            throw std::runtime_error(place_ + ": expected an object, found " + object.dump());
    }
    std::string text(const char* name) const {
        if (!object_.contains(name)) fail(name, "a string that is there", "nothing");
        return optionalText(name);
    }
    std::string optionalText(const char* name, std::string fallback = {}) const {
        if (!object_.contains(name)) return fallback;
        if (!object_.at(name).is_string()) fail(name, "a string", object_.at(name).dump());
        return object_.at(name).get<std::string>();
    }
    std::vector<std::string> texts(const char* name) const {
        std::vector<std::string> list;
        if (!object_.contains(name)) return list;
        const Json& value = object_.at(name);
        if (!value.is_array()) fail(name, "an array of strings", value.dump());
        for (const Json& entry : value) {
            if (!entry.is_string()) fail(name, "an array of strings", value.dump());
            list.push_back(entry.get<std::string>());
        }
        return list;
    }
    std::uint64_t number(const char* name, std::uint64_t fallback) const {
        if (!object_.contains(name)) return fallback;
        if (!object_.at(name).is_number_unsigned())
            fail(name, "a whole number", object_.at(name).dump());
        return object_.at(name).get<std::uint64_t>();
    }
    bool flag(const char* name) const {
        if (!object_.contains(name)) return false;
        if (!object_.at(name).is_boolean()) fail(name, "true or false", object_.at(name).dump());
        return object_.at(name).get<bool>();
    }
    std::vector<Section> sections(const char* name) const {
        std::vector<Section> list;
        if (!object_.contains(name)) return list;
        const Json& value = object_.at(name);
        if (!value.is_array()) fail(name, "an array of objects", value.dump());
        for (std::size_t i = 0; i < value.size(); ++i) {
            list.emplace_back(value[i], place_ + "/" + name + "/" + std::to_string(i));
        }
        return list;
    }
    std::string schema(const char* name) const {
        if (!object_.contains(name)) return {};
        if (!object_.at(name).is_object())
            fail(name, "a JSON Schema object", object_.at(name).dump());
        return object_.at(name).dump();
    }
    [[noreturn]] void fail(const std::string& member, const std::string& wanted,
                           const std::string& found) const {
        throw std::runtime_error(place_ + "/" + member + ": expected " + wanted + ", found " +
                                 found);
    }
    const Json& json() const { return object_; }

private:
    const Json& object_;
    std::string place_;
};

Manifest::Effect effectOf(const Section& action) {
    const std::string name = action.optionalText("effect", "none");
    if (name == "none") return Manifest::Effect::kNone;
    if (name == "idempotent") return Manifest::Effect::kIdempotent;
    if (name == "reconcilable") return Manifest::Effect::kReconcilable;
    if (name == "unprovable") return Manifest::Effect::kUnprovable;
    action.fail("effect", "none, idempotent, reconcilable or unprovable", '"' + name + '"');
}

Manifest::Route routeOf(const Section& section) {
    Manifest::Route route;
    route.name = section.text("name");
    route.path = section.text("path");
    if (route.path.empty() || route.path[0] != '/')
        section.fail("path", "a path that begins with /", '"' + route.path + '"');
    route.methods = section.texts("methods");
    if (route.methods.empty()) route.methods = {"GET"};
    route.bodyBytes = section.number("body_bytes", 0);
    for (const std::string& flag : section.texts("flags")) {
        if (flag == "intake")
            route.intake = true;
        else if (flag == "inline")
            route.inlined = true;
        else if (flag == "own_listener")
            route.ownListener = true;
        else
            section.fail("flags", "intake, inline or own_listener", '"' + flag + '"');
    }
    return route;
}

Manifest::Worker workerOf(const Section& section, const std::filesystem::path& folder) {
    Manifest::Worker worker;
    worker.name = section.text("name");
    const std::string program = section.text("program");
    if (program.empty() || program.find('/') != std::string::npos) {
        section.fail("program", "the name of a file beside plugin.json", '"' + program + '"');
    }
    worker.program = folder / program;
    worker.instances = static_cast<std::uint32_t>(section.number("instances", 0));
    worker.memoryBytes = section.number("memory_mb", 256) * 1024 * 1024;
    worker.timeNs = static_cast<std::int64_t>(section.number("time_ms", 10'000)) * 1'000'000;
    worker.arguments = section.texts("arguments");
    worker.niceness = static_cast<int>(section.number("nice", 0));
    worker.recycleRequests = section.number("recycle_requests", 0);
    worker.recycleBytes = section.number("recycle_mb", 0) * 1024 * 1024;
    worker.optional = section.flag("optional");
    return worker;
}

}  // namespace

std::string_view effectName(Manifest::Effect effect) {
    switch (effect) {
        case Manifest::Effect::kNone:
            return "none";
        case Manifest::Effect::kIdempotent:
            return "idempotent";
        case Manifest::Effect::kReconcilable:
            return "reconcilable";
        case Manifest::Effect::kUnprovable:
            return "unprovable";
    }
    return "none";
}

const Manifest::Action* Manifest::action(std::string_view name) const {
    for (const Action& action : actions) {
        if (action.name == name) return &action;
    }
    return nullptr;
}

bool Manifest::covers(const std::vector<std::string>& patterns, std::string_view type) {
    for (const std::string& pattern : patterns) {
        if (pattern == type || pattern == "*") return true;
        if (pattern.size() > 1 && pattern.back() == '*' &&
            type.substr(0, pattern.size() - 1) ==
                std::string_view(pattern).substr(0, pattern.size() - 1)) {
            return true;
        }
    }
    return false;
}

Manifest readManifest(const std::filesystem::path& folder) {
    const std::filesystem::path file = folder / "plugin.json";
    std::ifstream stream(file);
    if (!stream)
        throw std::runtime_error(
            file.string() +
            ": cannot be read; a plugin's folder holds plugin.json and its library");
    std::stringstream bytes;
    bytes << stream.rdbuf();
    Manifest manifest;
    manifest.text = bytes.str();
    Json json;
    try {
        json = Json::parse(manifest.text);
    } catch (const Json::exception& error) {
        throw std::runtime_error(file.string() + ": not valid JSON: " + error.what());
    }
    const Section root(json, file.string() + "#");
    manifest.folder = std::filesystem::absolute(folder);
    manifest.id = root.text("id");
    if (manifest.id.empty() || manifest.id.find_first_not_of(
                                   "abcdefghijklmnopqrstuvwxyz0123456789_-") != std::string::npos) {
        root.fail("id", "lower-case letters, digits, - and _", '"' + manifest.id + '"');
    }
    manifest.version = root.text("version");
    manifest.title = root.optionalText("title");
    manifest.library = manifest.folder / root.optionalText("library", manifest.id + ".so");
    manifest.requires_ = root.texts("requires");
    manifest.optional = root.texts("optional");
    manifest.after = root.texts("after");
    for (const Section& section : root.sections("routes"))
        manifest.routes.push_back(routeOf(section));
    for (const Section& section : root.sections("actions")) {
        manifest.actions.push_back({section.text("name"), section.optionalText("title"),
                                    effectOf(section), section.schema("input"),
                                    section.schema("output")});
        if (manifest.actions.back().name.rfind(manifest.id + ".", 0) != 0) {
            section.fail("name", "a name that begins with \"" + manifest.id + ".\"",
                         '"' + manifest.actions.back().name + '"');
        }
    }
    if (json.contains("events")) {
        const Section events(json.at("events"), file.string() + "#/events");
        manifest.publishes = events.texts("publishes");
        manifest.subscribes = events.texts("subscribes");
        manifest.rank = static_cast<int>(events.number("rank", 0));
    }
    for (const Section& section : root.sections("workers"))
        manifest.workers.push_back(workerOf(section, manifest.folder));
    root.sections("commands");
    if (json.contains("commands")) manifest.commands = json.at("commands").dump();
    return manifest;
}

}  // namespace totemd
