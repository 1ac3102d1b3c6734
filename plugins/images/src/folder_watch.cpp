#include "folder_watch.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace totem::images {
namespace {

constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                  IN_CREATE | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK;

std::string below(const std::string& folder, const std::string& name) {
    return folder.empty() ? name : folder + "/" + name;
}

}  // namespace

FolderWatch::FolderWatch(const FileRoot& files, const Log& log,
                         std::function<void(const std::string&)> changed)
    : files_(files), log_(log), changed_(std::move(changed)) {}

FolderWatch::~FolderWatch() {
    stop();
}

void FolderWatch::start() {
    inotify_ = Fd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    wake_ = Fd(eventfd(0, EFD_CLOEXEC));
    if (!inotify_ || !wake_) return fail("inotify_init1");
    active_ = true;
    watchBelow({});
    thread_ = std::thread([this] { run(); });
}

void FolderWatch::stop() {
    if (!thread_.joinable()) return;
    const std::uint64_t one = 1;
    while (::write(wake_.get(), &one, sizeof one) < 0 && errno == EINTR) {
    }
    thread_.join();
}

void FolderWatch::fail(const char* what) {
    log_.warning(
        "watch.failed",
        {{"what", what},
         {"reason", std::strerror(errno)},
         {"next", "files are looked at once a second; raise fs.inotify.max_user_watches"}});
    active_ = false;
}

void FolderWatch::watchBelow(const std::string& path) {
    const std::string folder = path.empty() ? files_.folder() : files_.folder() + "/" + path;
    const int watch = inotify_add_watch(inotify_.get(), folder.c_str(), kEvents);
    if (watch < 0) {
        // Gone meanwhile, or no folder after all: nothing to watch.
        if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) fail("inotify_add_watch");
        return;
    }
    folders_[watch] = path;
    for (const FolderEntry& entry : files_.list(path)) {
        if (entry.folder) watchBelow(below(path, entry.name));
    }
}

void FolderWatch::forgetBelow(const std::string& path) {
    for (auto folder = folders_.begin(); folder != folders_.end();) {
        const std::string& name = folder->second;
        if (name == path || name.compare(0, path.size() + 1, path + "/") == 0) {
            inotify_rm_watch(inotify_.get(), folder->first);
            folder = folders_.erase(folder);
        } else {
            ++folder;
        }
    }
}

void FolderWatch::run() {
    std::array<pollfd, 2> ready{{{inotify_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
    while (true) {
        if (poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return fail("poll");
        if (ready[1].revents != 0) return;
        if (ready[0].revents != 0) readEvents();
    }
}

void FolderWatch::readEvents() {
    alignas(inotify_event) std::array<char, 16384> buffer;
    const ssize_t got = ::read(inotify_.get(), buffer.data(), buffer.size());
    for (ssize_t at = 0; at < got;) {
        const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
        at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
        if ((event->mask & IN_Q_OVERFLOW) != 0) {
            watchBelow({});
            changed_({});
            continue;
        }
        const auto folder = folders_.find(event->wd);
        if (folder == folders_.end()) continue;
        if ((event->mask & IN_IGNORED) != 0) {
            folders_.erase(folder);
            continue;
        }
        if (event->len == 0 || event->name[0] == '.') continue;
        const std::string path = below(folder->second, event->name);
        if ((event->mask & IN_ISDIR) != 0) {
            if ((event->mask & IN_MOVED_FROM) != 0) forgetBelow(path);
            if ((event->mask & (IN_MOVED_TO | IN_CREATE)) != 0) watchBelow(path);
        }
        changed_(path);
    }
}

}  // namespace totem::images
