#pragma once

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "totem/abi/action.h"
#include "totem/abi/event.h"
#include "totem/abi/plugin.h"
#include "totem/abi/route.h"
#include "totem/testing/fake_host.hpp"

namespace totem::testing {

/// An HTTP request for a plugin, from this machine unless peer() says otherwise.
class HttpIn {
public:
    HttpIn(std::string method, std::string target)
        : method_(std::move(method)), target_(std::move(target)) {}
    HttpIn& header(std::string name, std::string value) {
        headers_.emplace_back(std::move(name), std::move(value));
        return *this;
    }
    HttpIn& content(std::string bytes, std::string type = "application/json") {
        content_ = std::move(bytes);
        return header("Content-Type", std::move(type));
    }
    HttpIn& content(const Json& value) { return content(dumpJson(value)); }
    /// The content lies in a file, as the daemon does with large ones.
    HttpIn& spooled() {
        spooled_ = true;
        return *this;
    }
    HttpIn& peer(std::string address) {
        peer_ = std::move(address);
        return *this;
    }
    HttpIn& replayed() {
        replayed_ = true;
        return *this;
    }

    const std::string& method() const { return method_; }
    std::string path() const { return target_.substr(0, target_.find('?')); }

private:
    friend class RequestInput;
    std::string method_, target_, content_, peer_ = "127.0.0.1";
    HeaderList headers_;
    bool spooled_ = false, replayed_ = false;
};

/// A totem_http_request and all that it points to.
class RequestInput : public totem_http_request {
public:
    explicit RequestInput(HttpIn in) : totem_http_request{}, in_(std::move(in)) {
        const auto question = in_.target_.find('?');
        struct_size = sizeof(totem_http_request);
        flags = (in_.peer_ == "127.0.0.1" ? TOTEM_REQUEST_LOOPBACK : 0) |
                (in_.replayed_ ? TOTEM_REQUEST_REPLAYED : 0);
        method = str(in_.method_);
        target = str(in_.target_);
        path = str(std::string_view(in_.target_).substr(0, question));
        if (question != std::string::npos) {
            query = str(std::string_view(in_.target_).substr(question + 1));
        }
        listener = str("main");
        peer = str(in_.peer_);
        for (const auto& [name, value] : in_.headers_) views_.push_back({str(name), str(value)});
        headers = views_.data();
        header_count = static_cast<std::uint32_t>(views_.size());
        if (in_.content_.empty()) return;
        content_.struct_size = sizeof content_;
        content_.fd = in_.spooled_ ? spool() : -1;
        content_.content = in_.spooled_ ? totem_str{} : str(in_.content_);
        content_.length = in_.content_.size();
        body = &content_;
    }
    RequestInput(const RequestInput&) = delete;
    RequestInput& operator=(const RequestInput&) = delete;
    ~RequestInput() {
        if (content_.fd > 0) ::close(content_.fd);
    }
    /// What a view that was kept too long sees.
    void spoil() {
        for (std::string* text : {&in_.method_, &in_.target_, &in_.content_, &in_.peer_}) {
            text->assign(text->size(), '\xDD');
        }
        for (auto& [name, value] : in_.headers_) value.assign(value.size(), '\xDD');
    }

private:
    int spool() {
        const int fd = ::memfd_create("totem-body", MFD_CLOEXEC);
        const auto size = static_cast<ssize_t>(in_.content_.size());
        if (fd < 0 || ::write(fd, in_.content_.data(), in_.content_.size()) != size) {
            throw std::runtime_error("a request's content could not be spooled");
        }
        return fd;
    }

    HttpIn in_;
    std::vector<totem_header> views_;
    totem_body content_{};
};

/// A plugin as `totem_add_plugin` builds it, loaded from its folder and running on a fake host.
///
/// Threads: the test's own.
class LoadedPlugin {
public:
    /// Loads FOLDER/plugin.json and its library, creates an instance and starts it. Throws
    /// std::runtime_error when the daemon would refuse it, with the reason; what the plugin said is
    /// in the host's log. The configuration is given as it is: neither checked against schema.json
    /// nor filled up with its defaults.
    LoadedPlugin(FakeHost& host, const std::filesystem::path& folder,
                 const Json& config = Json::object())
        : host_(host), config_(dumpJson(config)) {
        readManifest(folder);
        const totem_descriptor* descriptor = open(folder);
        host_.events.declare(id_, texts(manifest_.value("events", Json::object()), "publishes"));
        host_.asks_.setClosed(false);
        host_.timers.setClosed(false);
        const auto create = [&] { return descriptor->create(host_.raw(), str(config_), &raw_); };
        require(step("create", create), "create");
        if (raw_ == nullptr) throw std::runtime_error(id_ + ": create made no instance");
        const totem_status started = step("start", [&] { return raw_->start(raw_); });
        if (started == TOTEM_OK) return;
        stop();
        require(started, "start");
    }
    /// Stops it; what went wrong then is in host.problems().
    ~LoadedPlugin() {
        try {
            stop();
        } catch (const std::exception& error) {
            host_.problems_.add(error.what());
        }
    }
    LoadedPlugin(const LoadedPlugin&) = delete;
    LoadedPlugin& operator=(const LoadedPlugin&) = delete;

    /// An HTTP request, by the routes of the manifest: 404 and 405 where the daemon says so.
    OpenCall request(HttpIn in, CallOptions options = {}) {
        std::string what = in.method() + " " + in.path();
        const auto [route, refusal] = routeFor(in.method(), in.path());
        if (refusal != 0) return answered(what, Reply::http(refusal));
        auto input = std::make_shared<RequestInput>(std::move(in));
        return call<totem_plugin_route>(
            TOTEM_EXT_ROUTE, std::move(what), std::move(options), [input] { input->spoil(); },
            [this, input, route = route](const totem_plugin_route* side, totem_call* call) {
                side->handle(raw_, call, str(route), input.get());
            });
    }
    OpenCall get(std::string target) { return request({"GET", std::move(target)}); }

    /// One of the plugin's actions, as another plugin would ask for it. The input is not checked
    /// against its schema.
    OpenCall act(const std::string& name, const Json& input, CallOptions options = {}) {
        return text<totem_plugin_action>(
            TOTEM_EXT_ACTION, name, name, input, std::move(options),
            [this](const totem_plugin_action* side, totem_call* call, totem_str name,
                   totem_str input) { side->invoke(raw_, call, name, input); });
    }
    /// Asks whether an action happened: {"action", "input", "intent_unix_ns", "key", "settled"}.
    OpenCall reconcile(const std::string& name, const Json& question, CallOptions options = {}) {
        return text<totem_plugin_action>(TOTEM_EXT_ACTION, "reconcile " + name, name, question,
                                         std::move(options),
                                         [this](const totem_plugin_action* side, totem_call* call,
                                                totem_str name, totem_str question) {
                                             if (TOTEM_HAS(side, reconcile))
                                                 return side->reconcile(raw_, call, name, question);
                                             call->complete(call, TOTEM_E_NOT_FOUND, nullptr);
                                         });
    }
    /// An event as the journal delivers it; "id", "source" and "specversion" are filled in.
    OpenCall deliver(Json event, CallOptions options = {}) {
        for (const auto& [name, value] :
             {std::pair("specversion", "1.0"), std::pair("id", "1"), std::pair("source", "test")}) {
            if (!event.contains(name)) event[name] = value;
        }
        if (options.subject.empty()) options.subject = event.value("subject", "");
        if (options.attempt == 0) options.attempt = 1;
        if (options.caller == "test") options.caller = "journal";
        return text<totem_plugin_event>(
            TOTEM_EXT_EVENT, "event " + event.value("type", ""), {}, event, std::move(options),
            [this](const totem_plugin_event* side, totem_call* call, totem_str, totem_str event) {
                side->deliver(raw_, call, event);
            });
    }

    /// An action with an idempotency key, as the journal carries it out: the same key gives the
    /// recorded answer; when it is unknown what became of a reconcilable one, the plugin is asked,
    /// and an absent one is sent again. kOk, kRefused and kUnknown are recorded; kUnavailable and
    /// kBusy mean that it may be asked again.
    Reply effect(const std::string& name, const Json& input, const std::string& key,
                 const std::string& subject = {}) {
        auto recorded = host_.effects_.find(key);
        if (recorded != host_.effects_.end()) return recorded->second.reply;
        const std::int64_t intent = host_.unixNs();
        Reply reply = carryOut(name, input, key, subject, intent);
        if (reply.status == Status::kUnavailable || reply.status == Status::kBusy) return reply;
        host_.effects_[key] = {subject, reply};
        return reply;
    }

    /// Takes no new work, lets go what it holds, stops and is destroyed. Again: nothing.
    void stop() {
        if (raw_ == nullptr) return;
        step("drain", [&] {
            raw_->drain(raw_, host_.agenda_.monotonicNs() + 10'000'000'000);
            return TOTEM_OK;
        });
        const Reply cancelled = Reply::failure(Status::kCancelled, "the instance stops");
        for (const auto& call : calls_) call->answer(cancelled);
        host_.asks_.answerAll(cancelled);
        host_.timers.setClosed(true);
        host_.settle();
        for (const auto& call : calls_) {
            if (call->completedByCallee()) continue;
            host_.problems_.add(call->what() +
                                ": never completed, so the daemon would never let "
                                "the plugin go");
        }
        step("stop", [&] {
            raw_->stop(raw_);
            return TOTEM_OK;
        });
        host_.asks_.setClosed(true);
        step("destroy", [&] {
            raw_->destroy(raw_);
            return TOTEM_OK;
        });
        raw_ = nullptr;
    }

    const Json& manifest() const { return manifest_; }
    totem_instance* raw() const { return raw_; }

private:
    static std::vector<std::string> texts(const Json& object, const char* name) {
        return object.value(name, std::vector<std::string>());
    }
    void require(totem_status status, const char* hook) const {
        if (status == TOTEM_OK) return;
        std::string reason;
        for (const LogLine& line : host_.log.lines()) {
            if (!line.field("reason").empty()) reason = ": " + line.field("reason");
        }
        throw std::runtime_error(id_ + ": " + hook + " failed (" +
                                 statusName(static_cast<Status>(status)) + ")" + reason);
    }
    void readManifest(const std::filesystem::path& folder) {
        const auto file = folder / "plugin.json";
        std::ifstream stream(file, std::ios::binary);
        if (!stream) throw std::runtime_error(file.string() + ": cannot be read");
        text_.assign(std::istreambuf_iterator<char>(stream), {});
        manifest_ = parseJson(text_);
        id_ = manifest_.at("id").get<std::string>();
        for (const std::string& extension : texts(manifest_, "requires")) {
            if (host_.offers(extension)) continue;
            throw std::runtime_error(id_ + ": it requires " + extension +
                                     ", which the host does not offer");
        }
    }
    /// Libraries stay open, as in the daemon.
    const totem_descriptor* open(const std::filesystem::path& folder) const {
        const auto file =
            std::filesystem::absolute(folder) / manifest_.value("library", id_ + ".so");
        void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) throw std::runtime_error(::dlerror());
        const auto entry =
            reinterpret_cast<const totem_descriptor* (*)()>(::dlsym(library, "totem_plugin_entry"));
        if (entry == nullptr) {
            throw std::runtime_error(file.string() + ": exports no totem_plugin_entry");
        }
        const totem_descriptor* descriptor = entry();
        if (descriptor == nullptr || descriptor->abi_major != TOTEM_ABI_MAJOR ||
            !TOTEM_HAS(descriptor, create)) {
            throw std::runtime_error(file.string() + ": was built for another ABI");
        }
        if (view(descriptor->manifest_json) != text_) {
            throw std::runtime_error(file.string() + ": was built from another plugin.json");
        }
        return descriptor;
    }

    /// Runs a step of the life on a handler's thread.
    template <typename Step>
    totem_status step(const char* hook, Step step) {
        auto status = std::make_shared<totem_status>(TOTEM_E_FAULT);
        host_.agenda_.handle([this, status, hook, step = std::move(step)] {
            try {
                *status = step();
            } catch (...) {
                host_.problems_.add(std::string(hook) + " threw across the line");
            }
        });
        host_.settle();
        return *status;
    }

    std::pair<std::string, int> routeFor(const std::string& method, const std::string& path) const {
        const Json routes = manifest_.value("routes", Json::array());
        const Json* best = nullptr;
        std::size_t longest = 0;
        for (const Json& route : routes) {
            std::string pattern = route.at("path").get<std::string>();
            const bool prefix = pattern.back() == '*';
            if (prefix) pattern.pop_back();
            const bool fits =
                prefix ? path.compare(0, pattern.size(), pattern) == 0 : path == pattern;
            if (!fits || pattern.size() < longest) continue;
            best = &route;
            longest = pattern.size();
        }
        if (best == nullptr) return {{}, 404};
        for (const std::string& known : best->value("methods", std::vector<std::string>{"GET"})) {
            if (known == method) return {best->at("name").get<std::string>(), 0};
        }
        return {{}, 405};
    }

    OpenCall answered(const std::string& what, Reply reply) {
        auto call = FakeCall::make(host_.agenda_, host_.problems_, what, {}, {});
        call->answer(std::move(reply));
        return {host_.agenda_, std::move(call)};
    }
    template <typename Side, typename Enter>
    OpenCall call(const char* extension, std::string what, CallOptions options,
                  std::function<void()> spoil, Enter enter) {
        if (raw_ == nullptr) throw std::logic_error(what + ": the plugin has stopped");
        const auto* side = static_cast<const Side*>(raw_->get_extension(raw_, extension));
        if (side == nullptr) {
            return answered(
                what, Reply::failure(Status::kNotFound, id_ + " does not provide " + extension));
        }
        auto call = FakeCall::make(host_.agenda_, host_.problems_, std::move(what),
                                   std::move(options), std::move(spoil));
        calls_.push_back(call);
        host_.agenda_.handle([this, call, side, enter = std::move(enter)] {
            try {
                enter(side, call.get());
            } catch (...) {
                host_.problems_.add(call->what() + ": threw across the line");
                call->answer(Reply::failure(Status::kFault, "the handler threw"));
            }
        });
        return {host_.agenda_, std::move(call)};
    }
    template <typename Side, typename Enter>
    OpenCall text(const char* extension, std::string what, const std::string& name,
                  const Json& input, CallOptions options, Enter enter) {
        auto kept = std::make_shared<std::pair<std::string, std::string>>(name, dumpJson(input));
        return call<Side>(
            extension, std::move(what), std::move(options),
            [kept] { kept->second.assign(kept->second.size(), '\xDD'); },
            [kept, enter](const Side* side, totem_call* call) {
                enter(side, call, str(kept->first), str(kept->second));
            });
    }

    std::string effectOf(const std::string& name) const {
        for (const Json& action : manifest_.value("actions", Json::array())) {
            if (action.at("name") == name) return action.value("effect", "none");
        }
        throw std::logic_error(id_ + " declares no action " + name);
    }
    Reply carryOut(const std::string& name, const Json& input, const std::string& key,
                   const std::string& subject, std::int64_t intent) {
        constexpr int kAttempts = 5;
        const std::string kind = effectOf(name);
        CallOptions options;
        options.subject = subject;
        options.idempotencyKey = key;
        Reply reply;
        for (int attempt = 0; attempt < kAttempts; ++attempt) {
            reply = act(name, input, options).reply();
            switch (reply.status) {
                case Status::kOk:
                case Status::kUnavailable:
                case Status::kBusy:
                    return reply;
                case Status::kInvalid:
                case Status::kRefused:
                case Status::kDenied:
                case Status::kNotFound:
                    return Reply::failure(Status::kRefused, reply.content);
                default:
                    break;
            }
            reply.status = Status::kUnknown;
            if (kind == "unprovable") return reply;
            if (kind != "reconcilable") continue;
            const Json question{{"action", name},
                                {"input", input},
                                {"intent_unix_ns", intent},
                                {"key", key},
                                {"settled", settled(subject)}};
            const Reply told = reconcile(name, question, options).reply();
            if (!told.ok()) return reply;
            const Json outcome = told.json();
            const std::string state = outcome.value("state", "unknown");
            if (state == "done") return Reply::json(outcome.value("result", Json::object()));
            if (state != "absent") return reply;
        }
        return reply;
    }
    Json settled(const std::string& subject) const {
        Json results = Json::array();
        for (const auto& [key, effect] : host_.effects_) {
            if (!subject.empty() && effect.subject == subject && effect.reply.ok()) {
                results.push_back(effect.reply.json());
            }
        }
        return results;
    }

    FakeHost& host_;
    const std::string config_;
    std::string id_, text_;
    Json manifest_;
    totem_instance* raw_ = nullptr;
    std::vector<std::shared_ptr<FakeCall>> calls_;
};

}  // namespace totem::testing
