#pragma once

#include "plugin_frame.hpp"

namespace totem::images {

/// Products and what is answered about them. Registers its routes and actions when it is made.
class Catalogue {
public:
    explicit Catalogue(const PluginFrame& frame);

    void start();
    /// Joins what it started.
    void stop();
};

}  // namespace totem::images
