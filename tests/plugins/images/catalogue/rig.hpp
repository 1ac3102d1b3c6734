#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catalogue/catalogue.hpp"
#include "fake_host.hpp"
#include "plugin_frame.hpp"

namespace catalogue_test {

using totem::images::Catalogue;

struct Reply {
    int status = 0;
    std::string body;
    std::map<std::string, std::string> headers;

    nlohmann::ordered_json json() const { return nlohmann::ordered_json::parse(body); }
    std::string detail() const { return json().value("detail", ""); }
};

/// The catalogue by itself: routes and actions are called as the host would, on a folder of files
/// that the test makes. The clock says 15 November 2025, noon in Lima.
class Rig {
public:
    static constexpr const char* kToken = "a-token-for-tests-0123456789";

    explicit Rig(totem::Json config = totem::Json::object());
    Rig(const Rig&) = delete;
    ~Rig();

    FakeHost host;
    /// Makes a file below catalogos/.
    void file(const std::string& path, const std::string& content = "picture");
    void removeFile(const std::string& path);
    /// What the watcher would say.
    void filesChanged();

    Reply ask(const std::string& method, const std::string& target, const std::string& body = {},
              std::vector<std::pair<std::string, std::string>> headers = {}) const;
    Reply get(const std::string& target) const { return ask("GET", target); }
    /// With the token.
    Reply write(const std::string& method, const std::string& target, const totem::Json& body = {}) const;
    /// The action's answer, or {"failed": status, "reason": …}.
    totem::Json action(const std::string& name, const totem::Json& input) const;
    /// Adds a product that has all it needs, with `changes` laid over it. Answers its row.
    totem::Json product(const totem::Json& changes = totem::Json::object()) const;

    Catalogue& catalogue() { return *catalogue_; }
    const std::filesystem::path& root() const { return root_; }
    /// The catalogue again, with the same store, as after a restart.
    void restart();

private:
    std::filesystem::path root_;
    totem::images::Settings settings_;
    const std::string config_;
    const totem::Log log_;
    std::unique_ptr<totem::images::FileRoot> files_;
    std::map<std::string, totem::Plugin::RouteHandler> routes_;
    std::map<std::string, totem::Plugin::TextHandler> actions_;
    std::vector<std::function<void(const std::string&)>> listeners_;
    std::unique_ptr<totem::images::PluginFrame> frame_;
    std::unique_ptr<Catalogue> catalogue_;
};

}  // namespace catalogue_test
