#include "plugin/plugin_instance.hpp"

#include <algorithm>
#include <condition_variable>
#include <future>
#include <stdexcept>

#include "loop/event_loop.hpp"
#include "plugin/action_directory.hpp"
#include "plugin/extensions/extensions.hpp"
#include "plugin/plugin_services.hpp"
#include "totem/abi/action.h"
#include "totem/abi/event.h"

namespace totemd {
namespace {

constexpr auto kPollInterval = std::chrono::milliseconds(2);

/// Waits until `done()`; these are counters of other threads that nobody signals, and a stop is
/// rare.
bool waitUntil(std::int64_t deadline, const std::function<bool()>& done) {
    while (!done()) {
        if (monotonicNow() >= deadline) return false;
        std::this_thread::sleep_for(kPollInterval);
    }
    return true;
}

}  // namespace

PluginInstance::PluginInstance(std::shared_ptr<const Manifest> manifest,
                               const totem_descriptor* descriptor, PluginServices& services,
                               InstanceOptions options)
    : manifest_(std::move(manifest)),
      descriptor_(descriptor),
      services_(services),
      options_(std::move(options)),
      logger_(services.log.plugin(manifest_->id)),
      pool_(std::make_unique<TaskQueue>(manifest_->id, std::max(1u, options_.threads))),
      completions_(std::make_unique<TaskQueue>(manifest_->id + "/done", 1)),
      meter_(services.metrics, manifest_->id),
      cancellation_(std::make_shared<Cancellation>()) {
    host_.struct_size = sizeof host_;
    host_.abi_major = TOTEM_ABI_MAJOR;
    host_.abi_minor = TOTEM_ABI_MINOR;
    host_.host_ctx = this;
    host_.get_extension = [](const totem_host* host, const char* id) -> const void* {
        const auto& granted = of(host).options_.granted;
        if (std::find(granted.begin(), granted.end(), id) == granted.end()) return nullptr;
        return findExtension(id);
    };
}

PluginInstance::~PluginInstance() {
    if (!stopped_) stop(std::chrono::seconds(5));
}

bool PluginInstance::runStep(const char*, std::chrono::milliseconds timeout, Step step,
                             totem_status& status) {
    auto result = std::make_shared<std::promise<totem_status>>();
    std::future<totem_status> future = result->get_future();
    pool_->post([result, step = std::move(step)] {
        try {
            result->set_value(step());
        } catch (...) {
            result->set_value(TOTEM_E_FAULT);
        }
    });
    if (future.wait_for(timeout) != std::future_status::ready) return false;
    status = future.get();
    return true;
}

void PluginInstance::start(std::chrono::milliseconds timeout) {
    const std::int64_t deadline = monotonicNow() + timeout.count() * 1'000'000;
    auto left = [&] {
        return std::chrono::milliseconds(
            std::max<std::int64_t>(1, (deadline - monotonicNow()) / 1'000'000));
    };
    totem_status status = TOTEM_OK;
    auto create = [this] {
        return descriptor_->create(&host_, totem::str(options_.config), &instance_);
    };
    if (!runStep("create", left(), create, status)) {
        throw std::runtime_error(
            abandon("create did not return within " + std::to_string(timeout.count()) + " ms"));
    }
    if (status != TOTEM_OK || instance_ == nullptr) {
        const std::string reason =
            "create failed (" + std::string(totem::statusName(static_cast<totem::Status>(status))) +
            "); the log line before says why";
        stopped_ = true;
        // What it asked for on the way still refers to this object.
        closed_ = true;
        cancelAsks();
        if (!waitUntil(deadline, [this] { return openAsks_ == 0 && openTimers_ == 0; })) {
            throw std::runtime_error(
                abandon(reason + "; it waits for " + std::to_string(openAsks_) + " asks"));
        }
        throw std::runtime_error(reason);
    }
    if (!runStep(
            "start", left(), [this] { return instance_->start(instance_); }, status)) {
        throw std::runtime_error(
            abandon("start did not return within " + std::to_string(timeout.count()) + " ms"));
    }
    if (status != TOTEM_OK) {
        const std::string reason =
            "start failed (" + std::string(totem::statusName(static_cast<totem::Status>(status))) +
            "); the log line before says why";
        stop(std::chrono::seconds(5));
        throw std::runtime_error(reason);
    }
    serving_ = true;
}

std::string PluginInstance::stop(std::chrono::milliseconds timeout) {
    if (stopped_.exchange(true)) return {};
    serving_ = false;
    if (instance_ == nullptr) return {};
    const std::int64_t begin = monotonicNow();
    const std::int64_t deadline = begin + timeout.count() * 1'000'000;
    auto left = [&] {
        return std::chrono::milliseconds(
            std::max<std::int64_t>(100, (deadline - monotonicNow()) / 1'000'000));
    };
    totem_status status = TOTEM_OK;
    if (!runStep(
            "drain", left(),
            [this, deadline] {
                instance_->drain(instance_, deadline);
                return TOTEM_OK;
            },
            status)) {
        return abandon("drain did not return in time");
    }
    auto idle = [this] { return calls_.count() == 0 && openAsks_ == 0 && inside_ == 0; };
    // Most of the time goes to letting work end by itself, the rest to work that was cancelled.
    if (!waitUntil(begin + (deadline - begin) * 3 / 4, idle)) {
        cancellation_->cancel();
        calls_.cancelAll(TOTEM_E_CANCELLED);
        cancelAsks();
        if (!waitUntil(deadline, idle)) {
            return abandon("it still holds " + std::to_string(calls_.count()) +
                           " calls, waits for " + std::to_string(openAsks_) + " asks and runs " +
                           std::to_string(inside_) + " handlers");
        }
    }
    endTimers();
    if (!waitUntil(deadline, [this] { return openTimers_ == 0; }))
        return abandon("a timer's task did not return");
    if (!runStep(
            "stop", left(),
            [this] {
                instance_->stop(instance_);
                return TOTEM_OK;
            },
            status)) {
        return abandon("stop did not return in time");
    }
    closed_ = true;
    if (!waitUntil(deadline, [this] { return openAsks_ == 0; }))
        return abandon("it asked again while it was stopped");
    if (!runStep(
            "destroy", left(),
            [this] {
                instance_->destroy(instance_);
                return TOTEM_OK;
            },
            status)) {
        return abandon("destroy did not return in time");
    }
    instance_ = nullptr;
    pool_->stop();
    completions_->stop();
    return {};
}

void PluginInstance::cancelAsks() {
    cancellation_->cancel();
    services_.actions.answerCancelled();
    endTimers();  // who sleeps until a timer has to wake up to let go of its call
}

std::string PluginInstance::abandon(std::string why) {
    stopped_ = true;
    serving_ = false;
    abandoned_ = true;
    cancellation_->cancel();
    calls_.cancelAll(TOTEM_E_CANCELLED);
    return why + "; its threads and memory stay until the daemon ends";
}

std::int64_t PluginInstance::busyNs() const {
    const std::int64_t handler = pool_->busySince(), completion = completions_->busySince();
    const std::int64_t since =
        handler == 0 || (completion != 0 && completion < handler) ? completion : handler;
    return since == 0 ? 0 : monotonicNow() - since;
}

template <typename Extension>
void PluginInstance::call(const char* extensionId, bool inlined, HostCall::Options options,
                          HostCall::Done done,
                          std::function<void(const Extension&, totem_call*)> enter) {
    if (!options.cancellation) options.cancellation = std::make_shared<Cancellation>(cancellation_);
    // Opened before the look at serving_: stop() clears that first and then waits for open calls.
    totem_call* call = calls_.open(std::move(options), std::move(done));
    auto refuse = [call](totem_status status, std::string why) {
        call->complete(call, status, totem::Body(std::move(why)).release());
    };
    if (!serving_) return refuse(TOTEM_E_UNAVAILABLE, "plugin " + id() + " is not running");
    const auto* extension =
        static_cast<const Extension*>(instance_->get_extension(instance_, extensionId));
    if (extension == nullptr)
        return refuse(TOTEM_E_NOT_FOUND, "plugin " + id() + " does not provide " + extensionId);
    auto run = [this, number = OpenCalls::numberOf(call), enter = std::move(enter), extension,
                call] {
        if (!guarded([&] { enter(*extension, call); })) calls_.answer(number, TOTEM_E_FAULT);
        --inside_;  // last: an instance that nobody is inside of may go
    };
    ++inside_;
    if (inlined) return run();
    pool_->post(std::move(run));
}

void PluginInstance::route(const std::string& name, bool inlined,
                           std::shared_ptr<const totem_http_request> request,
                           HostCall::Options options, HostCall::Done done) {
    if (unresponsive_ && !inlined) {
        return done(
            TOTEM_E_UNAVAILABLE,
            totem::Body("plugin " + id() +
                        " does not respond; a handler of it has not returned for too long"));
    }
    const totem_http_request* raw = request.get();
    options.keep = std::move(request);
    call<totem_plugin_route>(TOTEM_EXT_ROUTE, inlined, std::move(options), std::move(done),
                             [this, name, raw](const totem_plugin_route& route, totem_call* call) {
                                 route.handle(instance_, call, totem::str(name), raw);
                             });
}

void PluginInstance::deliver(std::string event, HostCall::Options options, HostCall::Done done) {
    options.kind = CallKind::kEvent;
    auto kept = std::make_shared<const std::string>(std::move(event));
    options.keep = kept;
    call<totem_plugin_event>(
        TOTEM_EXT_EVENT, false, std::move(options), std::move(done),
        [this, text = kept.get()](const totem_plugin_event& extension, totem_call* call) {
            extension.deliver(instance_, call, totem::str(*text));
        });
}

void PluginInstance::invoke(std::string action, std::string input, HostCall::Options options,
                            HostCall::Done done) {
    options.kind = CallKind::kAction;
    auto kept = std::make_shared<const std::pair<std::string, std::string>>(std::move(action),
                                                                            std::move(input));
    options.keep = kept;
    call<totem_plugin_action>(
        TOTEM_EXT_ACTION, false, std::move(options), std::move(done),
        [this, raw = kept.get()](const totem_plugin_action& extension, totem_call* call) {
            extension.invoke(instance_, call, totem::str(raw->first), totem::str(raw->second));
        });
}

void PluginInstance::reconcile(std::string action, std::string question, HostCall::Options options,
                               HostCall::Done done) {
    options.kind = CallKind::kReconcile;
    auto kept = std::make_shared<const std::pair<std::string, std::string>>(std::move(action),
                                                                            std::move(question));
    options.keep = kept;
    call<totem_plugin_action>(
        TOTEM_EXT_ACTION, false, std::move(options), std::move(done),
        [this, raw = kept.get()](const totem_plugin_action& extension, totem_call* call) {
            if (!(extension.struct_size >= sizeof(totem_plugin_action) &&
                  extension.reconcile != nullptr)) {
                call->complete(call, TOTEM_E_NOT_FOUND,
                               totem::Body("the plugin cannot reconcile").release());
                return;
            }
            extension.reconcile(instance_, call, totem::str(raw->first), totem::str(raw->second));
        });
}

std::shared_ptr<PendingAsk> PluginInstance::beginAsk(const totem_ask& ask) {
    const HostCall* parent = HostCall::of(ask.parent);
    std::int64_t deadline = ask.deadline_ns;
    const bool bounded = parent != nullptr && !parent->released();
    if (bounded && (deadline == 0 || parent->deadline_ns < deadline))
        deadline = parent->deadline_ns;
    if (deadline == 0) deadline = monotonicNow() + options_.defaultAskNs;
    const bool full = ++openAsks_ > options_.maxOpenAsks;
    auto pending = std::make_shared<PendingAsk>(*this, ask, deadline);
    if (closed_) {
        pending->answer(TOTEM_E_CANCELLED, "plugin " + id() + " has ended");
        return nullptr;
    }
    if (full) {
        pending->answer(TOTEM_E_BUSY, "plugin " + id() + " has " +
                                          std::to_string(options_.maxOpenAsks) + " open asks");
        return nullptr;
    }
    return pending;
}

std::uint64_t PluginInstance::startTimer(std::int64_t delayNs, void (*fire)(void*, std::int32_t),
                                         void* ctx) {
    std::uint64_t id = 0;
    bool closed = false;
    ++openTimers_;
    {
        std::lock_guard lock(timers_->mutex);
        id = timers_->next++;
        timers_->open[id] = {fire, ctx};
        closed = timers_->closed;
    }
    if (closed) {
        fireTimer(*timers_, *this, id, 0);
        return id;
    }
    // The book is empty once the instance ends, so `this` is only used while it lives.
    auto fireLater = [this, book = timers_, id] { fireTimer(*book, *this, id, 1); };
    services_.loop.post(
        [&loop = services_.loop, delayNs, fireLater] { loop.after(delayNs, fireLater); });
    return id;
}

void PluginInstance::cancelTimer(std::uint64_t id) {
    fireTimer(*timers_, *this, id, 0);
}

void PluginInstance::fireTimer(TimerBook& book, PluginInstance& instance, std::uint64_t id,
                               std::int32_t fired) {
    std::lock_guard lock(book.mutex);
    auto found = book.open.find(id);
    if (found == book.open.end()) return;
    const TimerBook::Timer timer = found->second;
    book.open.erase(found);
    instance.completions_->post([&instance, timer, fired] {
        instance.guarded([&] { timer.fire(timer.ctx, fired); });
        --instance.openTimers_;
    });
}

void PluginInstance::endTimers() {
    std::vector<std::uint64_t> ids;
    {
        std::lock_guard lock(timers_->mutex);
        timers_->closed = true;
        for (const auto& [id, timer] : timers_->open) ids.push_back(id);
    }
    for (const std::uint64_t id : ids) fireTimer(*timers_, *this, id, 0);
}

}  // namespace totemd
