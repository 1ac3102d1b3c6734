#include "observe/metrics.hpp"

#include <catch2/catch.hpp>
#include <thread>

#include "observe/mask.hpp"

using namespace totemd;
using Catch::Matchers::Contains;

namespace {

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t times = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++times;
    return times;
}

}  // namespace

TEST_CASE("metrics are shown in Prometheus' text format") {
    const Masker masker;
    Metrics metrics(masker);
    const auto calls =
        metrics.counter("totem_plugin_calls_total", "Calls of a plugin", {"plugin", "hook"});
    calls.with({"chatwoot", "create"}).add();
    calls.with({"chatwoot", "create"}).add(2);
    calls.with({"fnb", "create"}).add(-5);
    metrics.gauge("totem_open_connections", "Now open").with({}).set(7);
    metrics.histogram("totem_seconds", "Time", {}, {0.1, 1}).with({}).observe(0.5);
    CHECK(metrics.text() == R"(# HELP totem_plugin_calls_total Calls of a plugin
# TYPE totem_plugin_calls_total counter
totem_plugin_calls_total{hook="create",plugin="fnb"} 0
totem_plugin_calls_total{hook="create",plugin="chatwoot"} 3
# HELP totem_open_connections Now open
# TYPE totem_open_connections gauge
totem_open_connections 7
# HELP totem_seconds Time
# TYPE totem_seconds histogram
totem_seconds_count 1
totem_seconds_sum 0.5
totem_seconds_bucket{le="0.1"} 0
totem_seconds_bucket{le="1"} 1
totem_seconds_bucket{le="+Inf"} 1
)");
}

TEST_CASE("a family holds a bounded number of series") {
    const Masker masker;
    Metrics metrics(masker);
    const auto family = metrics.counter("hits_total", "Hits", {"path", "code"});
    for (int i = 0; i < 5'000; ++i) family.with({"/p" + std::to_string(i), "200"}).add();
    const std::string text = metrics.text();
    CHECK(count(text, "hits_total{") == Metrics::kMaxSeries + 1);
    CHECK_THAT(text, Contains("hits_total{code=\"other\",path=\"other\"} 4500\n"));
}

TEST_CASE("label values are masked, cut and made printable") {
    Masker masker;
    masker.registerSecret("canary");
    Metrics metrics(masker);
    const auto family = metrics.counter("x_total", "X", {"l"});
    family.with({"dni 08408122"}).add();
    family.with({"a canary"}).add();
    family.with({"line\n\"feed\xff"}).add();
    family.with({std::string(500, 'l')}).add();
    const std::string text = metrics.text();
    CHECK_THAT(text, Contains("{l=\"dni 084****2\"}") && Contains("{l=\"a ***\"}") &&
                         Contains("{l=\"line?\\\"feed?\"}") &&
                         Contains("{l=\"" + std::string(80, 'l') + "\"}"));
}

TEST_CASE("declaring again gives the same family; declaring differently is refused") {
    const Masker masker;
    Metrics metrics(masker);
    metrics.counter("x_total", "X", {"l"}).with({"a"}).add();
    metrics.counter("x_total", "X", {"l"}).with({"a"}).add();
    CHECK_THAT(metrics.text(), Contains("x_total{l=\"a\"} 2"));
    CHECK_THROWS_WITH(metrics.counter("x_total", "X", {"m"}),
                      "metric x_total is declared with other labels or buckets");
    CHECK_THROWS_WITH(metrics.gauge("x_total", "X", {"l"}),
                      "metric x_total is declared with another type");
    CHECK_THROWS_WITH(metrics.counter("x-total", "X"),
                      "metric 'x-total': a name is letters, digits, '_' and ':'");
    CHECK_THROWS_WITH(metrics.counter("", "X"),
                      "metric '': a name is letters, digits, '_' and ':'");
    CHECK_THROWS_WITH(metrics.counter("y_total", "Y", {"__name__"}),
                      "metric y_total: '__name__' cannot name a label");
    CHECK_THROWS_WITH(metrics.histogram("h", "H", {}, {2, 1}), "metric h: its buckets must rise");
}

TEST_CASE("collectors run before each reading until they are removed") {
    const Masker masker;
    Metrics metrics(masker);
    const Gauge gauge = metrics.gauge("depth", "Depth").with({});
    int runs = 0;
    const auto id = metrics.addCollector([&] { gauge.set(++runs); });
    CHECK_THAT(metrics.text(), Contains("depth 1\n"));
    CHECK_THAT(metrics.text(), Contains("depth 2\n"));
    metrics.removeCollector(id);
    CHECK_THAT(metrics.text(), Contains("depth 2\n"));
}

TEST_CASE("a default-made handle counts nothing") {
    Counter().add();
    Gauge().set(1);
    Gauge().add(1);
    Histogram().observe(1);
}

TEST_CASE("threads may count, declare and read at once") {
    const Masker masker;
    Metrics metrics(masker);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 200; ++i) {
                metrics.counter("x_total", "X", {"l"}).with({std::to_string(i % 20)}).add();
                metrics.histogram("h", "H", {"t"}).with({std::to_string(t)}).observe(i);
                if (i % 50 == 0) metrics.text();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK_THAT(metrics.text(), Contains("x_total{l=\"7\"} 40"));
}
