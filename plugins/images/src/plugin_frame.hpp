#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <totem/plugin.hpp>

#include "file_root.hpp"
#include "settings.hpp"

namespace totem::images {

/// What the plugin gives to its parts, such as the catalogue: what they share and where they
/// register. All of it outlives the parts. Register in the constructor only.
struct PluginFrame {
    const totem_host* host;
    const Log& log;
    const Settings& settings;
    std::string_view config;  ///< the whole configuration as JSON, during construction
    const FileRoot& files;
    std::function<void(std::string name, Plugin::RouteHandler)> onRoute;
    std::function<void(std::string name, Plugin::TextHandler)> onAction;
    /// The listener hears of each file or folder below the root that was made, changed or removed,
    /// by its path; an empty path: anything may have changed. On a thread of the plugin's; must be
    /// short.
    std::function<void(std::function<void(const std::string& path)>)> onFileChange;
    /// Answers a GET or HEAD with a file of the root, as /api/catalogos/ would: conditions, ranges,
    /// sizes by the query, 404. Any thread; does not block.
    std::function<void(Call&, const Request&, const std::string& path)> sendFile;
    /// Puts an uploaded picture or PDF into its place (see Uploads::store). Blocks; throws Failure.
    std::function<void(const std::string& path, std::string_view bytes)> storeFile;
};

}  // namespace totem::images
