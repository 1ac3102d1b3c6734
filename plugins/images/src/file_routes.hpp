#pragma once

#include "plugin_frame.hpp"

namespace totem::images {

/// The routes that serve files of the root.
class FileRoutes {
public:
    explicit FileRoutes(const PluginFrame& frame);

private:
    void serve(Call& call, const Request& request) const;

    const Settings& settings_;
    const FileRoot& files_;
};

}  // namespace totem::images
