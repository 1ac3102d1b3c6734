#include <catch2/catch.hpp>
#include <limits>
#include <stdexcept>
#include <vector>

#include "plugin/host_call.hpp"

using totemd::Cancellation;
using totemd::HostCall;
using totemd::OpenCalls;

namespace {

struct Answers {
    std::vector<totem_status> got;
    HostCall::Done done() {
        return [this](totem_status status, totem::Body) { got.push_back(status); };
    }
};

HostCall::Options until(std::int64_t deadlineNs) {
    HostCall::Options options;
    options.deadlineNs = deadlineNs;
    return options;
}

}  // namespace

TEST_CASE("the first outcome wins: a completion after the deadline is told that it is late") {
    OpenCalls calls;
    Answers answers;
    totem_call* call = calls.open(until(100), answers.done());
    calls.sweep(99);
    CHECK(answers.got.empty());
    calls.sweep(100);
    CHECK(answers.got == std::vector<totem_status>{TOTEM_E_DEADLINE});
    CHECK(call->cancelled(call) == 1);
    CHECK(calls.count() == 1);
    CHECK(call->complete(call, TOTEM_OK, nullptr) == TOTEM_E_GONE);
    CHECK(answers.got.size() == 1);
    CHECK(calls.count() == 0);
    CHECK(calls.lateCompletions() == 1);
}

TEST_CASE("a delivery that meets its deadline while it waits for an effect was cancelled, not late") {
    OpenCalls calls;
    Answers delivery, action;
    HostCall::Options options = until(100);
    options.kind = totemd::CallKind::kEvent;
    totem_call* waiting = calls.open(std::move(options), delivery.done());
    totem_call* other = calls.open(until(100), action.done());
    // As an ask of an ask: what the delivery asked for waits, not the delivery itself.
    const Cancellation below(std::make_shared<Cancellation>(HostCall::of(waiting)->cancellation()));
    below.effectBegins();
    CHECK(calls.sweep(99) == 0);
    CHECK(calls.sweep(100) == 2);
    CHECK(delivery.got == std::vector<totem_status>{TOTEM_E_CANCELLED});
    CHECK(action.got == std::vector<totem_status>{TOTEM_E_DEADLINE});
    CHECK(below.cancelled());
    below.effectEnds();
    CHECK_FALSE(HostCall::of(waiting)->cancellation()->awaitsEffect());
    waiting->complete(waiting, TOTEM_OK, nullptr);
    other->complete(other, TOTEM_OK, nullptr);
}

TEST_CASE("an answer that the host cannot use is a fault for who waits, and none for the plugin") {
    OpenCalls calls;
    std::vector<totem_status> got;
    totem_call* call = calls.open(until(100), [&](totem_status status, totem::Body) {
        if (status == TOTEM_OK) throw std::runtime_error("unusable");
        got.push_back(status);
    });
    CHECK(call->complete(call, TOTEM_OK, nullptr) == TOTEM_E_FAULT);
    CHECK(got == std::vector<totem_status>{TOTEM_E_FAULT});
    CHECK(calls.count() == 0);
}

TEST_CASE("what the host cannot do with a call that is overdue is a fault for that call alone") {
    OpenCalls calls;
    std::vector<totem_status> got;
    Answers other;
    totem_call* first = calls.open(until(100), [&](totem_status status, totem::Body) {
        if (status == TOTEM_E_DEADLINE) throw std::runtime_error("its request cannot be read");
        got.push_back(status);
    });
    totem_call* second = calls.open(until(100), other.done());
    CHECK(calls.sweep(100) == 2);
    CHECK(got == std::vector<totem_status>{TOTEM_E_FAULT});
    CHECK(other.got == std::vector<totem_status>{TOTEM_E_DEADLINE});
    first->complete(first, TOTEM_OK, nullptr);
    second->complete(second, TOTEM_OK, nullptr);
}

TEST_CASE("a delivery that let go of its lane has no deadline any more and lets go once") {
    OpenCalls calls;
    Answers answers;
    int released = 0;
    HostCall::Options options = until(100);
    options.releaseLane = [&] { ++released; };
    totem_call* call = calls.open(std::move(options), answers.done());
    OpenCalls::releaseLane(call);
    OpenCalls::releaseLane(call);
    calls.sweep(std::numeric_limits<std::int64_t>::max());
    CHECK(answers.got.empty());
    CHECK(released == 1);
    CHECK(call->complete(call, TOTEM_OK, nullptr) == TOTEM_OK);
    CHECK(answers.got == std::vector<totem_status>{TOTEM_OK});
}

TEST_CASE("a call without a lane keeps its deadline whatever the plugin asks for") {
    OpenCalls calls;
    Answers answers;
    totem_call* call = calls.open(until(100), answers.done());
    OpenCalls::releaseLane(call);
    calls.sweep(100);
    CHECK(answers.got == std::vector<totem_status>{TOTEM_E_DEADLINE});
    call->complete(call, TOTEM_OK, nullptr);
}

TEST_CASE("only the call whose hook threw is answered for it") {
    OpenCalls calls;
    Answers first, second;
    totem_call* a = calls.open(until(100), first.done());
    totem_call* b = calls.open(until(100), second.done());
    calls.answer(OpenCalls::numberOf(a), TOTEM_E_FAULT);
    calls.answer(77, TOTEM_E_FAULT);
    CHECK(first.got == std::vector<totem_status>{TOTEM_E_FAULT});
    CHECK(second.got.empty());
    CHECK(a->complete(a, TOTEM_OK, nullptr) == TOTEM_E_GONE);
    CHECK(b->complete(b, TOTEM_E_ABANDONED, nullptr) == TOTEM_OK);
    CHECK(calls.abandonedCalls() == 1);
}

TEST_CASE("cancelling all answers each call and tells its callee") {
    OpenCalls calls;
    Answers answers;
    totem_call* call = calls.open(until(100), answers.done());
    CHECK(call->cancelled(call) == 0);
    calls.cancelAll(TOTEM_E_CANCELLED);
    CHECK(answers.got == std::vector<totem_status>{TOTEM_E_CANCELLED});
    CHECK(call->cancelled(call) == 1);
    call->complete(call, TOTEM_OK, nullptr);
}

TEST_CASE("what is asked on behalf of a call ends with the call and with the instance that asks") {
    auto call = std::make_shared<Cancellation>();
    auto instance = std::make_shared<Cancellation>();
    const Cancellation byCall(call, nullptr, instance), byInstance(nullptr, nullptr, instance);
    CHECK_FALSE(byCall.cancelled());
    instance->cancel();
    CHECK(byCall.cancelled());
    CHECK(byInstance.cancelled());
}
