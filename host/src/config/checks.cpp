#include "config/checks.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "config/schema_explain.hpp"
#include "config/suggest.hpp"

namespace totemd {

using nlohmann::json;

namespace {

/// A whole decimal number up to `most`.
bool isNumberUpTo(std::string_view text, unsigned most) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && value <= most;
}

bool isListenerName(const std::string& name) {
    return !name.empty() &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
}

const json& memberOf(const json& object, const char* key) {
    static const json kNone;
    if (!object.is_object()) return kNone;
    auto found = object.find(key);
    return found == object.end() ? kNone : *found;
}

std::vector<std::string> keysOf(const json& object) {
    std::vector<std::string> keys;
    if (object.is_object())
        for (const auto& [key, value] : object.items()) keys.push_back(key);
    return keys;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

class Checker {
public:
    Checker(const ConfigDocument& document, const ResolvedReferences& references,
            const std::vector<std::string>& installed,
            const std::vector<std::string>& defaultListeners, std::vector<ConfigProblem>& problems,
            std::vector<ConfigProblem>& warnings)
        : document_(document),
          references_(references),
          installed_(installed),
          defaultListeners_(defaultListeners),
          problems_(problems),
          warnings_(warnings),
          root_(document.root) {}

    void run() {
        checkListeners();
        checkUpstream();
        checkPlugins();
    }

private:
    using Test = bool (*)(const std::string&);

    /// Reports the text at `pointer` unless it passes; texts that could not be resolved are
    /// reported already.
    bool check(const json& value, const std::string& pointer, Test test, const char* expected) {
        if (!value.is_string() || references_.unresolved.contains(pointer)) return false;
        if (test(value.get<std::string>())) return true;
        const auto origin = references_.origins.find(pointer);
        problems_.push_back(document_.problemAt(
            pointer,
            std::string("expected ") + expected + ", got " +
                (origin == references_.origins.end() ? shownValue(value)
                                                     : "what " + origin->second + " holds")));
        return false;
    }

    void checkEach(const json& list, const std::string& pointer, Test test, const char* expected) {
        if (!list.is_array()) return;
        for (std::size_t i = 0; i < list.size(); ++i)
            check(list[i], pointer + "/" + std::to_string(i), test, expected);
    }

    void checkListeners() {
        const json& listeners = memberOf(root_, "listeners");
        if (!listeners.is_object()) return;
        std::map<std::string, std::string> taken;  // address → listener
        for (const auto& [name, listener] : listeners.items()) {
            const std::string pointer = childPointer("/listeners", name);
            if (!isListenerName(name))
                problems_.push_back(document_.problemAtKey(
                    pointer, "expected a name of a to z, 0 to 9, \"_\" and \"-\""));
            const json& address = memberOf(listener, "address");
            if (check(address, pointer + "/address", isHostAndPort,
                      "\"host:port\" with a port from 0 to 65535"))
                checkUnique(taken, address.get<std::string>(), name, pointer + "/address");
            for (const char* key : {"allow", "trusted_proxies"})
                checkEach(memberOf(listener, key), pointer + "/" + key, isNetwork,
                          "a network such as \"10.0.0.0/8\" or an address");
            checkListenerPlugins(memberOf(listener, "plugins"), pointer + "/plugins");
        }
        if (!listeners.contains("admin"))
            warnings_.push_back(document_.problemAtKey(
                "/listeners", "no listener \"admin\": totemctl and health checks reach nothing"));
    }

    void checkUnique(std::map<std::string, std::string>& taken, const std::string& address,
                     const std::string& name, const std::string& pointer) {
        if (address.ends_with(":0")) return;
        auto [first, isNew] = taken.emplace(address, name);
        if (!isNew)
            problems_.push_back(document_.problemAt(
                pointer,
                "expected an address of its own, got that of listener \"" + first->second + "\""));
    }

    void checkListenerPlugins(const json& list, const std::string& pointer) {
        if (!list.is_array()) return;
        std::vector<std::string> known = keysOf(memberOf(root_, "plugins"));
        known.insert(known.end(), installed_.begin(), installed_.end());
        for (std::size_t i = 0; i < list.size(); ++i) {
            if (!list[i].is_string() || contains(known, list[i].get<std::string>())) continue;
            ConfigProblem problem =
                document_.problemAt(pointer + "/" + std::to_string(i),
                                    "expected the id of a plugin, got " + shownValue(list[i]));
            problem.suggestion = nearestName(list[i].get<std::string>(), known);
            problems_.push_back(problem);
        }
    }

    void checkUpstream() {
        const json& upstream = memberOf(root_, "upstream");
        checkEach(memberOf(upstream, "allow"), "/upstream/allow", isNetwork,
                  "a network such as \"10.0.0.0/8\" or an address");
        checkEach(memberOf(upstream, "deny"), "/upstream/deny", isHostAndPort,
                  "\"address:port\" with a port from 0 to 65535");
        const json& connectTo = memberOf(upstream, "connect_to");
        if (!connectTo.is_object()) return;
        for (const auto& [name, target] : connectTo.items()) {
            const std::string pointer = childPointer("/upstream/connect_to", name);
            if (!isHostAndPort(name))
                problems_.push_back(document_.problemAtKey(
                    pointer,
                    "expected \"name:port\" as the flows write it, got " + shownValue(json(name))));
            checkTarget(target, pointer);
        }
    }

    void checkTarget(const json& target, const std::string& pointer) {
        constexpr const char* kPrefix = "listener:";
        if (!target.is_string() || !target.get_ref<const std::string&>().starts_with(kPrefix)) {
            check(target, pointer, isHostAndPort, "\"host:port\" or \"listener:NAME\"");
            return;
        }
        const std::string name = target.get<std::string>().substr(std::string(kPrefix).size());
        const json& listeners = memberOf(root_, "listeners");
        const std::vector<std::string> known =
            listeners.is_object() ? keysOf(listeners) : defaultListeners_;
        if (contains(known, name)) return;
        ConfigProblem problem = document_.problemAt(
            pointer,
            "expected the name of a listener after \"listener:\", got " + shownValue(json(name)));
        problem.suggestion = nearestName(name, known);
        problems_.push_back(problem);
    }

    void checkPlugins() {
        const json& plugins = memberOf(root_, "plugins");
        if (!plugins.is_object()) return;
        for (const auto& [id, plugin] : plugins.items()) {
            if (contains(installed_, id) || memberOf(plugin, "enabled") == false) continue;
            ConfigProblem problem = document_.problemAtKey(
                childPointer("/plugins", id),
                "no plugin of this id is installed in plugin_path: install it, mend the id or "
                "set enabled to false");
            problem.suggestion = nearestName(id, installed_);
            problems_.push_back(problem);
        }
    }

    const ConfigDocument& document_;
    const ResolvedReferences& references_;
    const std::vector<std::string>& installed_;
    const std::vector<std::string>& defaultListeners_;
    std::vector<ConfigProblem>& problems_;
    std::vector<ConfigProblem>& warnings_;
    const json& root_;
};

}  // namespace

bool isHostAndPort(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0) return false;
    const std::string host = text.substr(0, colon);
    const std::string_view port = std::string_view(text).substr(colon + 1);
    if (!isNumberUpTo(port, 65535)) return false;
    if (host.front() == '[') {
        std::array<unsigned char, sizeof(in6_addr)> parsed{};
        return host.back() == ']' &&
               ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), parsed.data()) == 1;
    }
    return host.find_first_of(" \t/@:[]?#\"") == std::string::npos;
}

bool isNetwork(const std::string& text) {
    const std::size_t slash = text.find('/');
    const std::string address = text.substr(0, slash);
    std::array<unsigned char, sizeof(in6_addr)> parsed{};
    const bool v4 = ::inet_pton(AF_INET, address.c_str(), parsed.data()) == 1;
    const bool v6 = !v4 && ::inet_pton(AF_INET6, address.c_str(), parsed.data()) == 1;
    if (!v4 && !v6) return false;
    return slash == std::string::npos ||
           isNumberUpTo(std::string_view(text).substr(slash + 1), v4 ? 32 : 128);
}

void checkMeaning(const ConfigDocument& document, const ResolvedReferences& references,
                  const std::vector<std::string>& installedPlugins,
                  const std::vector<std::string>& defaultListeners,
                  std::vector<ConfigProblem>& problems, std::vector<ConfigProblem>& warnings) {
    Checker(document, references, installedPlugins, defaultListeners, problems, warnings).run();
}

}  // namespace totemd
