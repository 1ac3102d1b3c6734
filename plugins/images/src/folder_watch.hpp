#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include <totem/log.hpp>

#include "file_root.hpp"

namespace totem::images {

/// Tells what changes below the root (inotify). Without it (no watches left) `active` is false, and
/// whoever trusts files has to look at them more often.
///
/// Threads: `changed` runs on the watch's own; `active` from anywhere.
class FolderWatch {
public:
    /// `changed(path)`: a file or a folder, relative to the root; empty: anything.
    FolderWatch(const FileRoot& files, const Log& log,
                std::function<void(const std::string& path)> changed);
    ~FolderWatch();
    FolderWatch(const FolderWatch&) = delete;
    FolderWatch& operator=(const FolderWatch&) = delete;

    void start();
    void stop();
    bool active() const { return active_; }

private:
    void run();
    void readEvents();
    void watchBelow(const std::string& path);
    void forgetBelow(const std::string& path);
    void fail(const char* what);

    const FileRoot& files_;
    const Log& log_;
    const std::function<void(const std::string&)> changed_;
    Fd inotify_, wake_;
    std::map<int, std::string> folders_;  // by watch
    std::atomic<bool> active_{false};
    std::thread thread_;
};

}  // namespace totem::images
