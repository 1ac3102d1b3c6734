#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "e2e/daemon.hpp"

namespace totem_test {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// The images plugin in a real totemd, with its worker program, on a listener of its own.
class Gallery {
public:
    static constexpr const char* kToken = "a-token-of-the-tests";

    /// `config` is laid over the plugin's: root and cache below a folder of the test's own, presets
    /// not made ahead, so that a test counts its own renditions only.
    explicit Gallery(const nlohmann::json& config = nlohmann::json::object());
    ~Gallery();

    std::filesystem::path root() const { return folder_ / "root" / "catalogos"; }
    std::filesystem::path cache() const { return folder_ / "cache"; }
    std::filesystem::path folder() const { return folder_; }
    TestDaemon& daemon() { return *daemon_; }
    int port() const { return daemon_->port("images"); }

    /// Puts a file into its place as somebody with a shell would, by renaming.
    void file(const std::string& path, const std::string& bytes) const;
    HttpReply get(const std::string& path, const Headers& headers = {}) const;
    HttpReply ask(const std::string& method, const std::string& target,
                  const std::string& body = {}, const Headers& headers = {}) const;
    /// With the token.
    HttpReply write(const std::string& method, const std::string& target,
                    const std::string& body = {}, Headers headers = {}) const;

    /// Jobs of the picture workers so far that ended so ("made", "refused", …); "" for all.
    int renditions(const std::string& outcome = {}) const;
    /// The processes of the picture worker.
    std::vector<int> workers() const;

private:
    std::filesystem::path folder_;
    std::unique_ptr<TestDaemon> daemon_;
};

}  // namespace totem_test
