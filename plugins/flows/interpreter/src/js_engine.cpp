#include "js_engine.hpp"

#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "js_text.hpp"

// Exported by the library, but declared only in headers that are not installed.
extern "C" {
using TotemTerminateCallback = bool (*)(JSContextRef, void*);
void JSContextGroupSetExecutionTimeLimit(JSContextGroupRef, double, TotemTerminateCallback, void*);
bool JSConfigureSignalForGC(int);
void JSSynchronousGarbageCollectForDebugging(JSContextRef);
}
namespace WTF {
void fastDisableScavenger();
void releaseFastMallocFreeMemory();
}

namespace totem::flows {
namespace {

constexpr std::chrono::milliseconds kTick{20};
/// On a machine with too much to do processor time stretches. Ended in here the run fails alone and
/// at once; the host, whose limit is 20 s, would end the worker with all that it holds.
constexpr std::chrono::milliseconds kLongestWall{15'000};

std::chrono::nanoseconds threadTime() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

/// Options are read once, at the first use of the library.
void configureLibrary() {
    static const bool done = [] {
        setenv("JSC_useJIT", "0", 1);           // runs under MemoryDenyWriteExecute
        setenv("JSC_usePollingTraps", "1", 1);  // a termination reaches code that throws, too
        setenv("JSC_useWasm", "0", 1);
        JSConfigureSignalForGC(SIGRTMIN + 5);  // SIGUSR1 belongs to whoever runs us
        // Its thread gives pages back that the next run faults in again; collect() gives them back.
        WTF::fastDisableScavenger();
        return true;
    }();
    (void)done;
}

}  // namespace

JsEngine::JsEngine() {
    configureLibrary();
    statm_ = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    group_ = JSContextGroupCreate();
    setTick();
}

JsEngine::~JsEngine() {
    JSContextGroupRelease(group_);
    if (statm_ >= 0) close(statm_);
}

void JsEngine::setTick() {
    JSContextGroupSetExecutionTimeLimit(group_, std::chrono::duration<double>(kTick).count(),
                                        &JsEngine::onTick, this);
}

bool JsEngine::onTick(JSContextRef, void* self) {
    auto& engine = *static_cast<JsEngine*>(self);
    // The limit must be set again at each tick, or there is never another one.
    engine.setTick();
    return engine.overLimit();
}

bool JsEngine::overLimit() {
    const auto now = threadTime();
    if (!ticked_) {
        ticked_ = true;
        deadline_ = now + budget_ - kTick;
        wallDeadline_ = std::chrono::steady_clock::now() + std::min(3 * budget_, kLongestWall);
    }
    if (residentBytes() > memoryLimit_) {
        stop_ = JsStop::memory;
    } else if (now >= deadline_ || std::chrono::steady_clock::now() >= wallDeadline_) {
        stop_ = JsStop::time;
    }
    return stop_ != JsStop::none;
}

std::size_t JsEngine::residentBytes() const {
    char text[128];
    const ssize_t length = pread(statm_, text, sizeof text - 1, 0);
    if (length <= 0) return 0;
    text[length] = '\0';
    char* end = nullptr;
    std::strtoull(text, &end, 10);
    return std::strtoull(end, nullptr, 10) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void JsEngine::collect() {
    JSGlobalContextRef context = JSGlobalContextCreateInGroup(group_, nullptr);
    JSSynchronousGarbageCollectForDebugging(context);
    JSGlobalContextRelease(context);
    WTF::releaseFastMallocFreeMemory();
}

JsRealm::JsRealm(JsEngine& engine)
    : engine_(engine), context_(JSGlobalContextCreateInGroup(engine.group(), nullptr)) {}

JsRealm::~JsRealm() {
    for (JSValueRef value : kept_) JSValueUnprotect(context_, value);
    JSGlobalContextRelease(context_);
}

void JsRealm::keep(JSValueRef value) {
    JSValueProtect(context_, value);
    kept_.push_back(value);
}

JsResult JsRealm::evaluate(std::string_view source, std::string_view name) {
    const JsText text(source);
    const JsText url(name);
    JSValueRef exception = nullptr;
    JSValueRef value = JSEvaluateScript(context_, text.get(), nullptr, url.get(), 1, &exception);
    return finish(value, exception);
}

JsResult JsRealm::call(JSObjectRef function, const JSValueRef* arguments, std::size_t count) {
    JSValueRef exception = nullptr;
    JSValueRef value =
        JSObjectCallAsFunction(context_, function, nullptr, count, arguments, &exception);
    return finish(value, exception);
}

JsResult JsRealm::finish(JSValueRef value, JSValueRef exception) const {
    if (!exception) return {value, JsStop::none, {}};
    if (engine_.stopped() != JsStop::none) return {nullptr, engine_.stopped(), {}};
    return {nullptr, JsStop::threw, toUtf8(exception)};
}

JSValueRef JsRealm::text(std::string_view utf8) const {
    const JsText string(utf8);
    return JSValueMakeString(context_, string.get());
}

std::string JsRealm::toUtf8(JSValueRef value) const {
    JSValueRef exception = nullptr;
    JSStringRef string = JSValueToStringCopy(context_, value, &exception);
    return string ? JsText(string).toUtf8() : std::string("(not printable)");
}

JSObjectRef JsRealm::member(JSObjectRef object, const char* name) const {
    const JsText key(name);
    JSValueRef value = JSObjectGetProperty(context_, object, key.get(), nullptr);
    if (!value || !JSValueIsObject(context_, value)) {
        throw std::logic_error(std::string("the embedded JavaScript lacks ") + name);
    }
    return const_cast<JSObjectRef>(value);
}

void JsRealm::setMember(JSObjectRef object, const char* name, JSValueRef value) const {
    const JsText key(name);
    JSObjectSetProperty(context_, object, key.get(), value, kJSPropertyAttributeNone, nullptr);
}

}  // namespace totem::flows
