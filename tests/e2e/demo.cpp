#include "e2e/demo.hpp"

#include <algorithm>
#include <stdexcept>

namespace totem_test {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

const std::vector<std::pair<std::string, std::string>> kJson{{"Content-Type", "application/json"}};

/// The sandbox's back-offs and pauses are shortened by this.
constexpr double kTimeScale = 0.02;

std::string at(int port) {
    return "127.0.0.1:" + std::to_string(port);
}

std::string url(int port) {
    return "http://" + at(port);
}

json sandboxPlugin(const DemoPorts& ports) {
    return {{"chatwoot",
             {{"address", at(ports.chatwoot)},
              {"agent_bot",
               {{"outgoing_url", url(ports.main) + "/webhook/chatwoot"},
                {"secret", "sandbox-bot-secret"}}}}},
            {"evolution",
             {{"address", at(ports.evolution)},
              {"bridge", true},
              {"webhook", {{"url", url(ports.main) + "/webhook/evolution"}}}}},
            {"fnb", {{"address", at(ports.fnb)}}},
            {"gaso", {{"address", at(ports.gaso)}}},
            {"page", {{"address", at(ports.page)}}},
            {"log", {{"entries", 50000}}},
            {"time_scale", kTimeScale}};
}

json ourPlugins(const DemoPorts& ports) {
    return {{"flows", {{"config", {{"directory", TOTEM_SOURCE_FLOWS}}}}},
            {"chatwoot",
             {{"config",
               {{"base_url", url(ports.chatwoot)},
                {"account_id", 1},
                {"api_access_token", "sandbox-user-token"},
                {"bot_token", "sandbox-bot-token"},
                {"webhook_secret", "sandbox-bot-secret"}}}}},
            {"evolution",
             {{"config",
               {{"base_url", url(ports.evolution)},
                {"api_key", "sandbox-evolution-key"},
                {"instances", {"totem"}}}}}},
            {"fnb",
             {{"config",
               {{"base_url", url(ports.fnb)},
                {"username", "sandbox"},
                {"password", "sandbox-password"},
                {"gaso", {{"url", url(ports.gaso)}, {"resource_key", "sandbox-resource-key"}}}}}}}};
}

}  // namespace

json merged(json base, const json& change) {
    base.merge_patch(change);
    return base;
}

json Sandbox::post(const std::string& path, const json& body) const {
    const HttpReply reply = askHttp(page_, "POST", path, body.dump(), kJson);
    if (reply.status != 200) {
        throw std::runtime_error("sandbox: POST " + path + ": " + std::to_string(reply.status) +
                                 " " + reply.body);
    }
    return reply.json();
}

json Sandbox::get(const std::string& path) const {
    const HttpReply reply = askHttp(page_, "GET", path, {}, {}, 70s);
    if (reply.status != 200) {
        throw std::runtime_error("sandbox: GET " + path + ": " + std::to_string(reply.status) +
                                 " " + reply.body);
    }
    return reply.json();
}

void Sandbox::say(const std::string& phone, const std::string& text,
                  const std::string& name) const {
    post("/phone/say", {{"from", phone}, {"name", name}, {"text", text}});
}

std::string Sandbox::ask(const std::string& phone, const std::string& text,
                         const std::string& name) const {
    const std::size_t before = received(phone).size();
    say(phone, text, name);
    const std::vector<std::string> after = received(phone, before + 1);
    return after.size() > before ? after[before] : std::string();
}

std::vector<std::string> Sandbox::received(const std::string& phone, std::size_t count) const {
    std::vector<std::string> texts;
    std::uint64_t last = 0;
    const auto end = std::chrono::steady_clock::now() + 40s;
    do {
        const char* wait = texts.size() < count ? "20000" : "0";
        const json messages = get("/phone/messages?from=" + phone +
                                  "&after=" + std::to_string(last) + "&wait_ms=" + wait)
                                  .at("messages");
        for (const json& message : messages) {
            last = message.at("seq");
            if (message.at("direction") == "received") texts.push_back(message.at("text"));
        }
    } while (texts.size() < count && std::chrono::steady_clock::now() < end);
    return texts;
}

json Sandbox::conversation(const std::string& phone) const {
    return get("/view?from=" + phone).at("conversation");
}

std::vector<std::string> Sandbox::answers(const std::string& phone) const {
    std::vector<std::string> texts;
    const json found = conversation(phone);
    if (found.is_null()) return texts;
    for (const json& message : found.at("messages")) {
        const bool ours = message.at("message_type") == 1 && !message.value("private", false);
        if (ours) texts.push_back(message.at("content"));
    }
    return texts;
}

void Sandbox::noFaults() const {
    askHttp(page_, "DELETE", "/faults");
}

void Sandbox::agent(const std::string& phone, const std::string& action,
                    const std::string& text) const {
    post("/agent",
         {{"conversation", conversation(phone).at("id")}, {"action", action}, {"text", text}});
}

json Sandbox::log(const std::string& service) const {
    return get("/log?limit=50000&service=" + service).at("entries");
}

std::size_t Sandbox::requests(const std::string& service, const std::string& part) const {
    const json entries = log(service);
    return static_cast<std::size_t>(
        std::count_if(entries.begin(), entries.end(), [&](const json& entry) {
            return entry.at("kind") == "request" &&
                   entry.at("target").get<std::string>().find(part) != std::string::npos;
        }));
}

Demo::Demo(const json& changes, World world, const DemoPorts& ports) {
    configuration_ = {{"listeners", {{"main", {{"address", at(ports.main)}}}}},
                      {"plugins", ourPlugins(ports)}};
    const json sandbox{{"sandbox", {{"config", sandboxPlugin(ports)}}}};
    if (world == kInside) {
        configuration_["plugins"].update(sandbox);
        configuration_.merge_patch(changes);
    } else {
        json own{{"plugins", sandbox}};
        const auto asked = json::json_pointer("/plugins/sandbox");
        if (changes.contains(asked)) own["plugins"]["sandbox"].merge_patch(changes.at(asked));
        configuration_.merge_patch(changes);
        configuration_["plugins"].erase("sandbox");
        worldDaemon_ = std::make_unique<TestDaemon>(own);
    }
    daemon_ = std::make_unique<TestDaemon>(configuration_);
    sandbox_ = std::make_unique<Sandbox>(ports.page);
}

json Demo::events(const std::string& filter) const {
    return daemon_->get("admin", "/api/v1/events?limit=500&" + filter).json().at("events");
}

bool Demo::waitUntilHandled() const {
    return pollUntil(60s, [&] { return events("state=open").empty(); });
}

}  // namespace totem_test
