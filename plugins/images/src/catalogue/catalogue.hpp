#pragma once

#include <memory>

#include "plugin_frame.hpp"

namespace totem::images {

/// Products and what is answered about them. Registers its routes and actions when it is made.
class Catalogue {
public:
    explicit Catalogue(const PluginFrame& frame);
    ~Catalogue();

    /// Reads the products from the store. Throws Failure when it cannot.
    void start();
    /// Joins what it started.
    void stop();

private:
    struct Parts;
    const std::unique_ptr<Parts> parts_;
};

}  // namespace totem::images
