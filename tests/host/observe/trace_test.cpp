#include "observe/trace.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace totemd;

TEST_CASE("a traceparent is read strictly") {
    const std::string good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const auto [text, valid] = GENERATE_COPY(table<std::string, bool>({
        {good, true},
        {"01" + good.substr(2) + "-what-comes-later", true},
        {"cc" + good.substr(2), true},
        {"", false},
        {good.substr(1), false},
        {good + "-", false},
        {good + " ", false},
        {"01" + good.substr(2) + "x", false},
        {"ff" + good.substr(2), false},
        {"0g" + good.substr(2), false},
        {"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false},
        {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", false},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false},
        {"00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x", false},
        {"00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01", false},
    }));
    INFO(text);
    CHECK(TraceContext::parse(text).has_value() == valid);
}

TEST_CASE("what is read is written again") {
    const std::string text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const auto trace = TraceContext::parse(text);
    REQUIRE(trace);
    CHECK(trace->traceparent() == text);
    CHECK(trace->traceIdHex() == "4bf92f3577b34da6a3ce929d0e0e4736");
    CHECK(trace->flags == 1);
}

TEST_CASE("new traces differ, children keep the trace and change the span") {
    std::set<std::string> seen;
    for (int i = 0; i < 1'000; ++i) {
        const TraceContext made = TraceContext::make();
        CHECK(TraceContext::parse(made.traceparent()) == made);
        seen.insert(made.traceIdHex());
        const TraceContext child = made.child();
        CHECK(child.traceId == made.traceId);
        CHECK(child.spanId != made.spanId);
    }
    CHECK(seen.size() == 1'000);
}
