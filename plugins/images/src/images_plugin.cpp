// The plugin: what it is made of, in the order in which it is built.

#include <mutex>
#include <vector>

#include <totem/plugin.hpp>

#include "catalogue/catalogue.hpp"
#include "file_root.hpp"
#include "file_routes.hpp"
#include "plugin_frame.hpp"
#include "settings.hpp"

namespace totem::images {

class ImagesPlugin : public Plugin {
public:
    explicit ImagesPlugin(const Init& init)
        : Plugin(init),
          settings_(parseSettings(init.config)),
          files_(settings_.root + "/catalogos"),
          frame_{init.host,
                 log,
                 settings_,
                 init.config,
                 files_,
                 [this](std::string name, RouteHandler handler) {
                     onRoute(std::move(name), std::move(handler));
                 },
                 [this](std::string name, TextHandler handler) {
                     onAction(std::move(name), std::move(handler));
                 },
                 [this](auto listener) { fileListeners_.push_back(std::move(listener)); }},
          fileRoutes_(frame_),
          catalogue_(frame_) {}

    void start() override { catalogue_.start(); }
    void stop() override { catalogue_.stop(); }

private:
    const Settings settings_;
    const FileRoot files_;
    std::vector<std::function<void(const std::string&)>> fileListeners_;
    const PluginFrame frame_;
    FileRoutes fileRoutes_;
    Catalogue catalogue_;
};

}  // namespace totem::images

TOTEM_PLUGIN(totem::images::ImagesPlugin);
