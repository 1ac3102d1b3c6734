#pragma once

#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "e2e/daemon.hpp"

namespace totem_test {

/// A configuration with these plugins from the folder of fixtures.
inline nlohmann::json withFixtures(nlohmann::json plugins, nlohmann::json guard = nlohmann::json::object()) {
    return {{"plugin_path", {TOTEM_FIXTURE_PLUGINS}}, {"plugins", std::move(plugins)}, {"guard", std::move(guard)}};
}

/// The plugin with that id in GET /api/v1/plugins; null when it is not listed.
inline nlohmann::json pluginOf(const TestDaemon& daemon, const std::string& id) {
    const nlohmann::json all = daemon.get("admin", "/api/v1/plugins").json();
    for (const auto& plugin : all.at("plugins")) {
        if (plugin.at("id") == id) return plugin;
    }
    return nullptr;
}

/// No file of the daemon may grow past `bytes` from now on: what a full disk is to it.
inline void limitFiles(const TestDaemon& daemon, rlim_t bytes) {
    rlimit limit{};
    prlimit(daemon.pid(), RLIMIT_FSIZE, nullptr, &limit);
    limit.rlim_cur = bytes;
    if (prlimit(daemon.pid(), RLIMIT_FSIZE, &limit, nullptr) != 0) throw std::runtime_error("prlimit");
}

inline void touch(const std::filesystem::path& file) { std::ofstream(file) << "\n"; }

}  // namespace totem_test
