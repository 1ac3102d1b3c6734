#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "e2e/daemon.hpp"

namespace totem_test {

/// The sandbox as tests drive it, through the control interface on its page's port: customers'
/// phones, agents, the people whom the portals know, faults. Threads: any.
/// Errors: std::runtime_error with what the sandbox answered.
class Sandbox {
public:
    explicit Sandbox(int page) : page_(page) {}

    /// Writes as a customer and does not wait.
    void say(const std::string& phone, const std::string& text,
             const std::string& name = "Ana Torres") const;
    /// Writes as a customer and waits for what the phone shows next; "" when nothing comes.
    std::string ask(const std::string& phone, const std::string& text,
                    const std::string& name = "Ana Torres") const;
    /// Everything that the phone has received, waiting until it is at least `count` messages.
    std::vector<std::string> received(const std::string& phone, std::size_t count = 0) const;

    /// The customer's conversation at the desk with its `messages`; null without one.
    nlohmann::json conversation(const std::string& phone) const;
    /// The texts of a conversation that came from our side, private notes left out.
    std::vector<std::string> answers(const std::string& phone) const;

    void fault(const nlohmann::json& fault) const { post("/faults", fault); }
    void noFaults() const;
    void person(const nlohmann::json& person) const { post("/people", person); }
    /// What an agent does at the desk with the customer's conversation.
    void agent(const std::string& phone, const std::string& action,
               const std::string& text = {}) const;
    /// What went over the wires of one service: requests into it and webhooks out of it.
    nlohmann::json log(const std::string& service) const;
    /// Requests into `service` whose target contains `part`.
    std::size_t requests(const std::string& service, const std::string& part) const;

    nlohmann::json post(const std::string& path, const nlohmann::json& body) const;
    nlohmann::json get(const std::string& path) const;

private:
    int page_;
};

/// Where a Demo's listeners are: chosen beforehand, because each side has to be told the other's.
struct DemoPorts {
    int main = freePort();
    int chatwoot = freePort();
    int evolution = freePort();
    int fnb = freePort();
    int gaso = freePort();
    int page = freePort();
};

/// A daemon configured as config/demo.json is, on free ports and with the flows of config/flows,
/// and the outside world beside it.
///
/// `kInside` plays the world in the same daemon, as the demonstration does. `kOutside` gives it a
/// totemd of its own, which lives on when the daemon is killed.
class Demo {
public:
    enum World { kInside, kOutside };
    explicit Demo(const nlohmann::json& changes = nlohmann::json::object(), World world = kInside,
                  const DemoPorts& ports = {});

    TestDaemon& daemon() { return *daemon_; }
    const TestDaemon& daemon() const { return *daemon_; }
    const Sandbox& sandbox() const { return *sandbox_; }
    /// What the daemon was started with, for reloads with changes.
    const nlohmann::json& configuration() const { return configuration_; }

    nlohmann::json events(const std::string& filter) const;
    /// Waits until every event in the journal is done or dead. False when that takes too long.
    bool waitUntilHandled() const;

private:
    nlohmann::json configuration_;
    std::unique_ptr<TestDaemon> worldDaemon_;
    std::unique_ptr<TestDaemon> daemon_;
    std::unique_ptr<Sandbox> sandbox_;
};

/// Lays `change` over `base` (JSON Merge Patch) and returns the result.
nlohmann::json merged(nlohmann::json base, const nlohmann::json& change);

}  // namespace totem_test
