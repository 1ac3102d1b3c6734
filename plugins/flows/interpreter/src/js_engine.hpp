#pragma once

#include <JavaScriptCore/JavaScript.h>

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace totem::flows {

/// Why a call into JavaScript did not come back with a value.
enum class JsStop { none, threw, time, memory };

struct JsResult {
    JSValueRef value = nullptr;
    JsStop stop = JsStop::none;
    std::string message;  // of what was thrown

    bool ok() const { return stop == JsStop::none; }
};

/// The JavaScript engine: one virtual machine without a compiler, with limits on the processor time
/// of each call and on the memory of the process.
///
/// Threads: all calls from the one thread that made it. One per process: the options and the signal
/// of the collector belong to the process.
/// Limits: checked every 20 ms while bytecode runs. Chains of promise jobs and regular expressions
/// are not interrupted; whoever runs the process needs a time limit of its own.
class JsEngine {
public:
    JsEngine();
    ~JsEngine();
    JsEngine(const JsEngine&) = delete;
    JsEngine& operator=(const JsEngine&) = delete;

    JSContextGroupRef group() const { return group_; }
    void setMemoryLimit(std::size_t bytes) { memoryLimit_ = bytes; }

    /// Must precede every entry, also an evaluation. Costs nothing until the first tick. The
    /// budget is processor time; three times as much may pass on the clock.
    void arm(std::chrono::milliseconds budget) {
        budget_ = budget;
        ticked_ = false;
        stop_ = JsStop::none;
    }
    /// What ended the last entry, if a limit did.
    JsStop stopped() const { return stop_; }

    std::size_t residentBytes() const;
    /// Frees what released contexts and runs held. Takes milliseconds: for when memory is short.
    void collect();

private:
    static bool onTick(JSContextRef, void* self);
    bool overLimit();
    void setTick();

    JSContextGroupRef group_ = nullptr;
    int statm_ = -1;
    std::size_t memoryLimit_ = std::size_t{384} << 20;
    std::chrono::milliseconds budget_{1000};
    std::chrono::nanoseconds deadline_{};  // of the thread's processor time
    std::chrono::steady_clock::time_point wallDeadline_{};
    bool ticked_ = false;
    JsStop stop_ = JsStop::none;
};

/// A global context of the engine, with protected values.
///
/// Values live in the collector's heap: keep them in locals of a running function or protect them.
class JsRealm {
public:
    explicit JsRealm(JsEngine& engine);
    ~JsRealm();
    JsRealm(const JsRealm&) = delete;
    JsRealm& operator=(const JsRealm&) = delete;

    JSContextRef context() const { return context_; }
    JsEngine& engine() const { return engine_; }

    /// Keeps a value alive as long as the realm. (A value that stays protected longer would keep
    /// the whole context.)
    void keep(JSValueRef value);

    JsResult evaluate(std::string_view source, std::string_view name);
    JsResult call(JSObjectRef function, std::initializer_list<JSValueRef> arguments) {
        return call(function, arguments.begin(), arguments.size());
    }
    JsResult call(JSObjectRef function, const JSValueRef* arguments, std::size_t count);

    JSValueRef number(double value) const { return JSValueMakeNumber(context_, value); }
    JSValueRef text(std::string_view utf8) const;
    std::string toUtf8(JSValueRef value) const;
    /// A property that must be a function or an object; throws std::logic_error if it is not.
    JSObjectRef member(JSObjectRef object, const char* name) const;
    void setMember(JSObjectRef object, const char* name, JSValueRef value) const;

private:
    JsResult finish(JSValueRef value, JSValueRef exception) const;

    JsEngine& engine_;
    JSGlobalContextRef context_ = nullptr;
    std::vector<JSValueRef> kept_;
};

}  // namespace totem::flows
