// The plugin: what it is made of, in the order in which it is built.

#include <functional>
#include <string>
#include <vector>

#include <totem/plugin.hpp>
#include <totem/timer.hpp>

#include "catalogue/catalogue.hpp"
#include "crew.hpp"
#include "file_root.hpp"
#include "folder_watch.hpp"
#include "media_type.hpp"
#include "pictures.hpp"
#include "plugin_frame.hpp"
#include "settings.hpp"
#include "uploads.hpp"

namespace totem::images {
namespace {

constexpr unsigned kCrew = 2;
constexpr std::int64_t kSecondNs = 1'000'000'000;

}  // namespace

class ImagesPlugin : public Plugin {
public:
    explicit ImagesPlugin(const Init& init)
        : Plugin(init),
          settings_(parseSettings(init.config)),
          files_(settings_.root + "/catalogos"),
          crew_(kCrew),
          pictures_(init.host, log, settings_, files_, crew_),
          timers_(init.host),
          watch_(files_, log, [this](const std::string& path) { changed(path); }),
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
                 [this](auto listener) { fileListeners_.push_back(std::move(listener)); },
                 [this](Call& call, const Request& request, const std::string& path) {
                     pictures_.answer(call, request, path);
                 },
                 [this](const std::string& path, std::string_view bytes) {
                     uploads_.store(path, bytes);
                 }},
          uploads_(frame_, pictures_),
          catalogue_(frame_) {
        onRoute("file",
                [this](Call& call, const Request& request) { pictures_.answer(call, request); });
    }

    void start() override {
        watch_.start();
        pictures_.setWatched(watch_.active());
        catalogue_.start();
        if (settings_.presetsAhead) crew_.postLast([this] { makeAheadBelow({}); });
        tick();
    }
    void drain(std::int64_t) override {
        draining_ = true;
        pictures_.drain();
    }
    void stop() override {
        catalogue_.stop();
        watch_.stop();
        crew_.stop();
    }

private:
    void changed(const std::string& path) {
        pictures_.setWatched(watch_.active());
        pictures_.changed(path);
        for (const auto& listener : fileListeners_) listener(path);
        if (settings_.presetsAhead && !draining_) {
            crew_.postLast([this, path] {
                if (isPictureName(path)) {
                    pictures_.makeAhead(path);
                } else {
                    makeAheadBelow(path);
                }
            });
        }
    }

    void makeAheadBelow(const std::string& folder) {
        for (const FolderEntry& entry : files_.list(folder)) {
            const std::string path = folder.empty() ? entry.name : folder + "/" + entry.name;
            // One file at a time, so that requests come in between.
            crew_.postLast([this, path, folder = entry.folder] {
                if (draining_) return;
                if (folder) {
                    makeAheadBelow(path);
                } else {
                    pictures_.makeAhead(path);
                }
            });
        }
    }

    void tick() {
        pictures_.publishCounters();
        timers_.after(kSecondNs, [this] { tick(); });
    }

    const Settings settings_;
    const FileRoot files_;
    std::atomic<bool> draining_{false};
    Crew crew_;
    Pictures pictures_;
    const Timers timers_;
    std::vector<std::function<void(const std::string&)>> fileListeners_;
    FolderWatch watch_;
    const PluginFrame frame_;
    Uploads uploads_;
    Catalogue catalogue_;
};

}  // namespace totem::images

TOTEM_PLUGIN(totem::images::ImagesPlugin);
