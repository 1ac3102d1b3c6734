#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <totem/testing/loaded_plugin.hpp>
#include <vector>

#include "interpreter.hpp"

namespace totem::flows::testing {

using namespace totem::testing;

/// A node of a workflow written in a test, and a workflow of nodes in a row.
Json node(const std::string& name, const std::string& type, double version,
          Json parameters = Json::object());
Json chain(const std::string& name, const std::vector<Json>& nodes);

Json onMessage();  ///< totem.trigger
Json onWebhook(const std::string& path, const std::string& mode, Json more = Json::object());
Json code(const std::string& source, const std::string& name = "Code");
Json action(const std::string& name);  ///< an action of another plugin

/// The plugin `flows` with a folder of workflows and the real interpreter as its only worker.
class FlowDesk {
public:
    FlowDesk();
    ~FlowDesk();

    void write(const std::string& file, const Json& workflow);
    void remove(const std::string& file);
    LoadedPlugin& start(Json config = Json::object());
    LoadedPlugin& plugin() { return *plugin_; }
    void stop() { plugin_.reset(); }

    /// Answers the next messages of that operation instead of the interpreter.
    void answerWorker(const std::string& op, Reply reply);
    /// The operations that the worker was asked for so far, with what they were about.
    std::vector<Json> workerAsked() const;
    int countAsked(const std::string& op) const;
    /// The worker has lost its runs, as one that was replaced.
    void forgetRuns();

    OpenCall message(const std::string& text, CallOptions options = {});
    /// Delivers an event that the plugin published, as the journal would.
    OpenCall deliver(const Json& event, CallOptions options = {});
    OpenCall request(const std::string& path, const Json& body = Json::object());
    /// Lets the plugin look at its folder once more.
    void look();

    FakeHost host;

private:
    Reply work(const Asked& asked);

    std::filesystem::path folder_;
    mutable std::mutex mutex_;
    std::map<std::string, std::deque<Reply>> answers_;  // by operation; guarded by mutex_
    std::vector<Json> asked_;                           // guarded by mutex_
    std::optional<LoadedPlugin> plugin_;
};

}  // namespace totem::flows::testing
