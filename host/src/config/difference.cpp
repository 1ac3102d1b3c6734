#include "config/difference.hpp"

#include <algorithm>

namespace totemd {

namespace {

void compareListeners(const Configuration& before, const Configuration& after,
                      ConfigDifference& result) {
    for (const auto& [name, now] : after.listeners) {
        auto was = before.listeners.find(name);
        if (was == before.listeners.end()) {
            result.listenersAdded.push_back(name);
        } else if (was->second.address != now.address) {
            result.listenersMoved.push_back(name);
        } else if (was->second != now) {
            result.listenersChanged.push_back(name);
        }
    }
    for (const auto& [name, was] : before.listeners)
        if (!after.listeners.contains(name)) result.listenersRemoved.push_back(name);
}

bool isOn(const Configuration& configuration, const std::string& id) {
    auto found = configuration.plugins.find(id);
    return found != configuration.plugins.end() && found->second.enabled;
}

void comparePlugins(const Configuration& before, const Configuration& after,
                    ConfigDifference& result) {
    for (const auto& [id, now] : after.plugins) {
        if (!now.enabled) continue;
        if (!isOn(before, id)) {
            result.pluginsEnabled.push_back(id);
            continue;
        }
        const PluginConfig& was = before.plugins.at(id);
        PluginConfig sameLevel = was;
        sameLevel.logLevel = now.logLevel;
        sameLevel.required = now.required;
        if (sameLevel != now) {
            result.pluginsReconfigured.push_back(id);
        } else if (was.logLevel != now.logLevel) {
            result.pluginsLogLevelChanged.push_back(id);
        }
    }
    for (const auto& [id, was] : before.plugins)
        if (was.enabled && !isOn(after, id)) result.pluginsDisabled.push_back(id);
}

void compareSections(const Configuration& before, const Configuration& after,
                     ConfigDifference& result) {
    auto add = [&result](const char* name, bool changed, bool restart) {
        if (changed) result.sections.push_back({name, restart});
    };
    add("cache", before.cache != after.cache, true);
    add("delivery", before.delivery != after.delivery, true);
    add("guard", before.guard != after.guard, false);
    add("log", before.log != after.log, before.log.format != after.log.format);
    add("plugin_path", before.pluginPath != after.pluginPath, false);
    add("storage", before.storage != after.storage, true);
    add("upstream", before.upstream != after.upstream, false);
}

void addLine(std::vector<std::string>& lines, const char* what,
             const std::vector<std::string>& names) {
    if (names.empty()) return;
    std::string line = what;
    for (const std::string& name : names) line += (&name == &names.front() ? ": " : ", ") + name;
    lines.push_back(std::move(line));
}

}  // namespace

bool ConfigDifference::empty() const {
    return lines().empty();
}

bool ConfigDifference::needsRestart() const {
    return std::any_of(sections.begin(), sections.end(),
                       [](const Section& section) { return section.needsRestart; });
}

std::vector<std::string> ConfigDifference::lines() const {
    std::vector<std::string> result;
    addLine(result, "listeners added", listenersAdded);
    addLine(result, "listeners removed", listenersRemoved);
    addLine(result, "listeners moved to another address", listenersMoved);
    addLine(result, "listeners changed", listenersChanged);
    addLine(result, "plugins enabled", pluginsEnabled);
    addLine(result, "plugins disabled", pluginsDisabled);
    addLine(result, "plugins reconfigured", pluginsReconfigured);
    addLine(result, "plugins with another log level", pluginsLogLevelChanged);
    std::vector<std::string> now;
    std::vector<std::string> later;
    for (const Section& section : sections)
        (section.needsRestart ? later : now).push_back(section.name);
    addLine(result, "sections changed", now);
    addLine(result, "sections changed that wait for a restart", later);
    return result;
}

ConfigDifference difference(const Configuration& before, const Configuration& after) {
    ConfigDifference result;
    compareListeners(before, after, result);
    comparePlugins(before, after, result);
    compareSections(before, after, result);
    return result;
}

}  // namespace totemd
