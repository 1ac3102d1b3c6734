#pragma once

#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "totem/abi/action.h"
#include "totem/abi/event.h"
#include "totem/abi/plugin.h"
#include "totem/abi/route.h"
#include "totem/call.hpp"
#include "totem/http.hpp"
#include "totem/log.hpp"

/// The manifest, embedded by totem_add_plugin() (sdk/cmake).
extern "C" const totem_str totem_plugin_id;
extern "C" const totem_str totem_plugin_version;
extern "C" const totem_str totem_plugin_manifest;

namespace totem {
inline namespace v0 {

/// What a plugin is made from. `config` is JSON that fits the plugin's schema, secrets resolved.
struct Init {
    const totem_host* host;
    std::string_view config;
};

/// A plugin is a class derived from this one and the macro TOTEM_PLUGIN.
///
/// The constructor registers handlers for what the manifest declares (not later: the host reads the
/// tables from any thread); throw from it or from start to refuse, with a message for the operator.
/// Handlers run on the plugin's own pool, where they may block, and may run at the same time. A
/// handler answers its call at once, or moves it away and answers later. An exception that leaves a
/// handler answers the call: Failure with its status, anything else as kFault.
class Plugin {
public:
    using RouteHandler = std::function<void(Call&, const Request&)>;
    /// `input` is a JSON object and valid until the call is answered; so is an event.
    using TextHandler = std::function<void(Call&, std::string_view input)>;

    explicit Plugin(const Init& init) : log(init.host), host_(init.host) {}
    virtual ~Plugin() = default;
    Plugin(const Plugin&) = delete;
    Plugin& operator=(const Plugin&) = delete;

    /// Ready to serve when it returns; throw to refuse.
    virtual void start() {}
    /// Begin no new work of your own.
    virtual void drain(std::int64_t /*deadlineNs*/) {}
    /// Join every thread you started.
    virtual void stop() {}

    const Log log;

protected:
    const totem_host* host() const { return host_; }

    /// `handler` is a RouteHandler, or a function from const Request& to Response.
    template <typename Handler>
    void onRoute(std::string name, Handler handler) {
        if constexpr (std::is_invocable_v<Handler&, const Request&>) {
            routes_[std::move(name)] = [handler = std::move(handler)](
                                           Call& call, const Request& request) mutable {
                Response response = handler(request);
                call.succeed(std::move(response));
            };
        } else {
            routes_[std::move(name)] = std::move(handler);
        }
    }
    void onAction(std::string name, TextHandler handler) {
        actions_[std::move(name)] = std::move(handler);
    }
    void onReconcile(std::string action, TextHandler handler) {
        reconciles_[std::move(action)] = std::move(handler);
    }
    void onEvent(TextHandler handler) { event_ = std::move(handler); }

private:
    template <typename>
    friend class Instance;

    const totem_host* host_;
    std::map<std::string, RouteHandler, std::less<>> routes_;
    std::map<std::string, TextHandler, std::less<>> actions_;
    std::map<std::string, TextHandler, std::less<>> reconciles_;
    TextHandler event_;
};

/// The C face of one plugin object. Nothing thrown by the author passes it.
template <typename Author>
class Instance : public totem_instance {
public:
    static totem_status create(const totem_host* host, totem_str config, totem_instance** out) {
        *out = nullptr;
        try {
            *out = new Instance(host, view(config));
            return TOTEM_OK;
        } catch (const std::exception& error) {
            Log(host).error("plugin.create.failed", {{"reason", error.what()}});
        } catch (...) {
            Log(host).error("plugin.create.failed", {{"reason", "an exception without a message"}});
        }
        return TOTEM_E_FAULT;
    }

private:
    Instance(const totem_host* host, std::string_view config)
        : totem_instance{}, plugin_(Init{host, config}) {
        struct_size = sizeof(totem_instance);
        plugin_ctx = this;
        totem_instance::start = [](totem_instance* self) {
            return guard(self, "start", [](Plugin& p) { p.start(); });
        };
        drain = [](totem_instance* self, std::int64_t deadline) {
            guard(self, "drain", [deadline](Plugin& p) { p.drain(deadline); });
        };
        stop = [](totem_instance* self) { guard(self, "stop", [](Plugin& p) { p.stop(); }); };
        destroy = [](totem_instance* self) {
            try {
                delete static_cast<Instance*>(self);
            } catch (...) {
            }
        };
        get_extension = &Instance::extension;
    }

    static Plugin& of(totem_instance* self) { return static_cast<Instance*>(self)->plugin_; }

    template <typename Step>
    static totem_status guard(totem_instance* self, const char* hook, Step step) {
        try {
            step(of(self));
            return TOTEM_OK;
        } catch (const std::exception& error) {
            of(self).log.error("plugin.hook.failed", {{"hook", hook}, {"reason", error.what()}});
        } catch (...) {
            of(self).log.error("plugin.hook.failed", {{"hook", hook}});
        }
        return TOTEM_E_FAULT;
    }

    /// Runs a handler; whatever leaves it answers the call. When it is answered already (or was
    /// moved away) nobody would hear of the failure, so it is logged.
    template <typename Run>
    static void answer(totem_instance* self, totem_call* raw, Run run) {
        Call call(raw);
        const auto failed = [&](Status status, const char* why) {
            if (call.answered()) {
                of(self).log.error("plugin.handler.failed", {{"reason", why}});
            } else {
                call.fail(status, why);
            }
        };
        try {
            run(call);
        } catch (const Failure& failure) {
            failed(failure.status(), failure.what());
        } catch (const std::exception& error) {
            failed(Status::kFault, error.what());
        } catch (...) {
            failed(Status::kFault, "an exception without a message");
        }
    }

    static void dispatch(totem_instance* self,
                         std::map<std::string, Plugin::TextHandler, std::less<>>& handlers,
                         totem_call* raw, totem_str name, totem_str input) {
        answer(self, raw, [&](Call& call) {
            auto found = handlers.find(view(name));
            if (found == handlers.end())
                throw Failure(Status::kNotFound, "no handler for " + std::string(view(name)));
            found->second(call, view(input));
        });
    }

    static const void* extension(totem_instance* self, const char* id) {
        static const totem_plugin_route route{
            sizeof(totem_plugin_route), 0,
            [](totem_instance* self, totem_call* raw, totem_str name,
               const totem_http_request* request) {
                answer(self, raw, [&](Call& call) {
                    auto& routes = of(self).routes_;
                    auto found = routes.find(view(name));
                    if (found == routes.end())
                        throw Failure(Status::kNotFound, "no handler for this route");
                    found->second(call, Request(request));
                });
            }};
        static const totem_plugin_event event{
            sizeof(totem_plugin_event), 0,
            [](totem_instance* self, totem_call* raw, totem_str json) {
                answer(self, raw, [&](Call& call) {
                    if (!of(self).event_) throw Failure(Status::kNotFound, "no handler for events");
                    of(self).event_(call, view(json));
                });
            }};
        static const totem_plugin_action action{
            sizeof(totem_plugin_action), 0,
            [](totem_instance* self, totem_call* raw, totem_str name, totem_str input) {
                dispatch(self, of(self).actions_, raw, name, input);
            },
            [](totem_instance* self, totem_call* raw, totem_str name, totem_str question) {
                dispatch(self, of(self).reconciles_, raw, name, question);
            }};
        const std::string_view wanted(id);
        if (wanted == TOTEM_EXT_ROUTE && !of(self).routes_.empty()) return &route;
        if (wanted == TOTEM_EXT_EVENT && of(self).event_) return &event;
        if (wanted == TOTEM_EXT_ACTION &&
            !(of(self).actions_.empty() && of(self).reconciles_.empty())) {
            return &action;
        }
        return nullptr;
    }

    Author plugin_;
};

}  // namespace v0
}  // namespace totem

/// Defines the entry of the shared object: TOTEM_PLUGIN(Hello) once, at the end of one source.
#define TOTEM_PLUGIN(Author)                                                          \
    extern "C" TOTEM_EXPORT const totem_descriptor* totem_plugin_entry(void) {        \
        static const totem_descriptor descriptor{sizeof(totem_descriptor),            \
                                                 TOTEM_ABI_MAJOR,                     \
                                                 TOTEM_ABI_MINOR,                     \
                                                 totem_plugin_id,                     \
                                                 totem_plugin_version,                \
                                                 totem_plugin_manifest,               \
                                                 &::totem::Instance<Author>::create}; \
        return &descriptor;                                                           \
    }                                                                                 \
    static_assert(true, "a semicolon follows TOTEM_PLUGIN")
