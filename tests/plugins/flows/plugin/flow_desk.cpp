#include "flow_desk.hpp"

#include <unistd.h>

#include <fstream>

#include "flow_frame.hpp"

namespace totem::flows::testing {

namespace {

/// A process has one JavaScript engine.
Interpreter& interpreter() {
    static Interpreter one;
    return one;
}

}  // namespace

Json node(const std::string& name, const std::string& type, double version, Json parameters) {
    return {{"id", name},         {"name", name},
            {"type", type},       {"typeVersion", version},
            {"position", {0, 0}}, {"parameters", std::move(parameters)}};
}

Json chain(const std::string& name, const std::vector<Json>& nodes) {
    Json connections = Json::object();
    for (std::size_t i = 1; i < nodes.size(); ++i) {
        const Json link{{"node", nodes[i].at("name")}, {"type", "main"}, {"index", 0}};
        connections[nodes[i - 1].at("name").get<std::string>()]["main"] =
            Json::array({Json::array({link})});
    }
    return {{"id", name},
            {"name", name},
            {"active", true},
            {"nodes", nodes},
            {"connections", connections},
            {"settings", {{"executionOrder", "v1"}}}};
}

Json onMessage() {
    return node("Message", "totem.trigger", 1);
}

Json onWebhook(const std::string& path, const std::string& mode, Json more) {
    more["path"] = path;
    more["httpMethod"] = "POST";
    more["responseMode"] = mode;
    return node("Webhook", "n8n-nodes-base.webhook", 2, std::move(more));
}

Json code(const std::string& source, const std::string& name) {
    return node(name, "n8n-nodes-base.code", 2, {{"jsCode", source}});
}

Json action(const std::string& name) {
    return node(name, "totem." + name, 1);
}

FlowDesk::FlowDesk() {
    std::string pattern = (std::filesystem::temp_directory_path() / "totem-flows-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    host.workers.serve("flow", [this](const Asked& asked) { return work(asked); });
    host.actions.serve("flows.list", [this](const Asked&) {
        if (plugin_) plugin_->act("flows.list", Json::object());
        return Reply::json(Json::object());
    });
}

FlowDesk::~FlowDesk() {
    plugin_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void FlowDesk::write(const std::string& file, const Json& workflow) {
    std::ofstream(folder_ / file) << workflow.dump(2);
}

void FlowDesk::remove(const std::string& file) {
    std::filesystem::remove(folder_ / file);
}

LoadedPlugin& FlowDesk::start(Json config) {
    config["directory"] = folder_.string();
    plugin_.emplace(host, std::filesystem::path(TOTEM_TEST_BUILT_PLUGINS) / "flows", config);
    return *plugin_;
}

void FlowDesk::answerWorker(const std::string& op, Reply reply) {
    std::lock_guard<std::mutex> lock(mutex_);
    answers_[op].push_back(std::move(reply));
}

std::vector<Json> FlowDesk::workerAsked() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return asked_;
}

int FlowDesk::countAsked(const std::string& op) const {
    int count = 0;
    for (const Json& asked : workerAsked()) count += asked.at("op") == op ? 1 : 0;
    return count;
}

void FlowDesk::forgetRuns() {
    for (const Json& asked : workerAsked()) {
        if (!asked.contains("run")) continue;
        const Json drop{{"op", "drop"}, {"run", asked.at("run")}};
        std::lock_guard<std::mutex> lock(mutex_);
        interpreter().handle(encodeFlowFrame(drop.dump()));
    }
}

Reply FlowDesk::work(const Asked& asked) {
    const auto frame = decodeFlowFrame(asked.content);
    const Json header = parseJson(frame->header);
    const std::string op = header.at("op").get<std::string>();
    std::lock_guard<std::mutex> lock(mutex_);
    asked_.push_back(header);
    std::deque<Reply>& instead = answers_[op];
    if (!instead.empty()) {
        Reply reply = std::move(instead.front());
        instead.pop_front();
        return reply;
    }
    Reply reply = Reply::text(interpreter().handle(asked.content));
    reply.code = 1;
    return reply;
}

OpenCall FlowDesk::message(const std::string& text, CallOptions options) {
    const Json event{{"type", "message.received"},
                     {"subject", "chat/1"},
                     {"data", {{"text", text}}},
                     {"reply", {{"action", "desk.send"}, {"arguments", Json::object()}}}};
    if (options.idempotencyKey.empty()) options.idempotencyKey = "1";
    return plugin_->deliver(event, options);
}

OpenCall FlowDesk::deliver(const Json& event, CallOptions options) {
    if (options.idempotencyKey.empty()) options.idempotencyKey = event.at("id").get<std::string>();
    return plugin_->deliver(event, options);
}

OpenCall FlowDesk::request(const std::string& path, const Json& body) {
    HttpIn in("POST", path);
    in.content(body);
    return plugin_->request(in);
}

void FlowDesk::look() {
    plugin_->act("flows.list", Json::object()).reply();
}

}  // namespace totem::flows::testing
