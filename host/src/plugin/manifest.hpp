#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace totemd {

/// What a plugin says about itself in plugin.json, read before any of its code runs.
/// The members of the file are described in sdk/README.md.
struct Manifest {
    enum class Effect { kNone, kIdempotent, kReconcilable, kUnprovable };

    struct Route {
        std::string name;
        std::string path;  ///< exact, or ending in "/*"
        std::vector<std::string> methods;
        bool intake = false;
        bool inlined = false;
        bool ownListener = false;
        std::uint64_t bodyBytes = 0;  ///< 0: the listener's limit
    };
    struct Action {
        std::string name, title;
        Effect effect = Effect::kNone;
        std::string input, output;  ///< JSON Schema text; empty: any object
    };
    struct Worker {
        std::string name;
        std::filesystem::path program;  ///< absolute
        std::uint32_t instances = 0;    ///< 0: one per core
        std::uint64_t memoryBytes = 0;
        std::int64_t timeNs = 0;
        std::vector<std::string> arguments;
        int niceness = 0;
        std::uint64_t recycleRequests = 0, recycleBytes = 0;  ///< 0: never
        bool optional = false;  ///< the plugin runs without the program
    };

    std::string id, version, title;
    std::filesystem::path folder;                  ///< where plugin.json lies
    std::filesystem::path library;                 ///< absolute
    std::string text;                              ///< the bytes of plugin.json
    std::vector<std::string> requires_, optional;  ///< extension ids
    std::vector<std::string> after;                ///< plugin ids that start before this one
    std::vector<Route> routes;
    std::vector<Action> actions;
    std::vector<std::string> publishes, subscribes;  ///< event types, "message.*" for all of a kind
    int rank = 0;                                    ///< of its message events: higher wins
    std::vector<Worker> workers;
    std::string commands = "[]";  ///< JSON text, for totemctl

    const Action* action(std::string_view name) const;
    /// True when one of the patterns covers the type.
    static bool covers(const std::vector<std::string>& patterns, std::string_view type);
};

std::string_view effectName(Manifest::Effect effect);

/// Reads FOLDER/plugin.json. Throws std::runtime_error with file, member, found and wanted.
Manifest readManifest(const std::filesystem::path& folder);

}  // namespace totemd
