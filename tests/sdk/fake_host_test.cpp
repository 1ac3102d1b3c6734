// The test kit itself: a plugin runs on the fake host as it would in the daemon.

#include <catch2/catch.hpp>
#include <chrono>
#include <totem/testing/loaded_plugin.hpp>
#include <totem/totem.hpp>

using namespace std::chrono_literals;
using namespace totem::testing;
using totem::Json;
using totem::Status;

namespace {

const std::filesystem::path kPlugins = TOTEM_SDK_TEST_PLUGINS;

struct Tour {
    FakeHost host;
    LoadedPlugin plugin{host, kPlugins / "tour"};
};

}  // namespace

TEST_CASE("the hello plugin answers its route and its action") {
    FakeHost host;
    LoadedPlugin plugin(host, kPlugins / "hello");
    const Reply page = plugin.get("/hello?from=here").reply();
    CHECK(page.code == 200);
    CHECK(page.content == "Hello!\n");
    CHECK(page.header("content-type") == "text/plain; charset=utf-8");
    CHECK(plugin.act("hello.greet", {{"name", "Ana"}}).reply().json().at("text") == "Hello, Ana!");
    CHECK(plugin.act("hello.greet", Json::object()).reply().status == Status::kFault);
    CHECK(plugin.act("hello.sing", Json::object()).reply().status == Status::kNotFound);
    CHECK(plugin.get("/hell").reply().code == 404);
    CHECK(plugin.request({"POST", "/hello"}).reply().code == 405);
    CHECK(plugin.deliver({{"type", "message.received"}}).reply().status == Status::kNotFound);
    plugin.stop();
    CHECK(host.problems().empty());
}

TEST_CASE("time stands still until it is advanced, also for a handler that blocks") {
    Tour tour;
    tour.host.http.answer("GET", "http://peer/slow", Reply::http(200, "at last"), 5s);
    const OpenCall call = tour.plugin.get("/tour/fetch");
    tour.host.advance(4s);
    CHECK_FALSE(call.answered());
    tour.host.advance(1s);
    CHECK(call.reply().content == "at last");
}

TEST_CASE("timers fire in their order at their time") {
    Tour tour;
    tour.host.http.answer("GET", "http://peer/flaky", Reply::failure(Status::kUnavailable, "down"));
    tour.host.http.answer("GET", "http://peer/flaky", Reply::failure(Status::kUnavailable, "down"));
    tour.host.http.answer("GET", "http://peer/flaky", Reply::http(200, "up"));
    const OpenCall call = tour.plugin.get("/tour/retry");
    tour.host.settle();
    CHECK(tour.host.http.sent().size() == 1);
    CHECK(tour.host.timers.armed() == 1);
    tour.host.advance(1999ms);
    CHECK(tour.host.http.sent().size() == 1);
    tour.host.advance(1ms);
    CHECK(tour.host.http.sent().size() == 2);
    tour.host.advance(2s);
    CHECK(call.reply().content == "up");
    CHECK(tour.host.timers.armed() == 0);
}

TEST_CASE("a deadline answers for the plugin, and for what it asked") {
    Tour tour;
    tour.host.http.answer("GET", "http://peer/slow", Reply::http(200), kNever);
    totem::testing::CallOptions options;
    options.timeout = 3s;
    const OpenCall call = tour.plugin.request({"GET", "/tour/fetch"}, options);
    tour.host.advance(3s);
    CHECK(call.reply().status == Status::kDeadline);
    CHECK(tour.host.openAsks() == 0);
    tour.plugin.stop();
    CHECK(tour.host.problems().empty());
}

TEST_CASE("what nobody scripted is refused and noted") {
    Tour tour;
    CHECK(tour.plugin.get("/tour/fetch").reply().status == Status::kUnavailable);
    REQUIRE(tour.host.problems().size() == 1);
    CHECK(tour.host.problems()[0] == "nothing is scripted for GET http://peer/slow");
}

TEST_CASE("a name with * answers for all that begin so, a function decides by what was sent") {
    FakeHost host;
    const totem::HttpClient http(host.raw());
    host.http.answer("GET", "http://peer/*", Reply::http(404));
    host.http.answer("GET", "http://peer/a/*", Reply::http(200, "a"));
    host.http.serve("PUT", "http://peer/*", [](const Asked& asked) {
        return Reply::http(200, asked.content + std::string(asked.header("x-tag")));
    });
    CHECK(http.ask(totem::HttpOut("GET", "http://peer/b")).wait().body.code() == 404);
    CHECK(http.ask(totem::HttpOut("GET", "http://peer/a/1")).wait().text() == "a");
    const auto put = totem::HttpOut("PUT", "http://peer/x").content("body").header("X-Tag", "7");
    CHECK(http.ask(put).wait().text() == "body7");
}

TEST_CASE("the store outlives a plugin, and says no when it is told to") {
    FakeHost host;
    {
        LoadedPlugin plugin(host, kPlugins / "tour");
        CHECK(plugin.get("/tour/visits/lima").reply().content == "1");
        CHECK(plugin.get("/tour/visits/lima").reply().content == "2");
    }
    LoadedPlugin plugin(host, kPlugins / "tour");
    CHECK(plugin.get("/tour/visits/lima").reply().content == "3");
    CHECK(host.store.at("lima") == "3");
    host.refuse(TOTEM_EXT_STORE, Status::kUnavailable, "the disk is full");
    const Reply refused = plugin.get("/tour/visits/lima").reply();
    CHECK(refused.status == Status::kUnavailable);
    CHECK(refused.content == "the disk is full");
    host.accept(TOTEM_EXT_STORE);
    CHECK(plugin.get("/tour/visits/lima").reply().content == "4");
    CHECK(host.metrics.total("tour_visits", {{"place", "lima"}}) == 4);
    REQUIRE(host.log.of("visit").size() == 4);
    CHECK(host.log.of("visit")[3].field("count") == "4");
    CHECK(host.health.of("tour").state == TOTEM_HEALTH_HEALTHY);
}

TEST_CASE("an optional extension may be missing, a required one may not") {
    FakeHost host;
    host.withhold(TOTEM_EXT_STORE);
    LoadedPlugin plugin(host, kPlugins / "tour");
    const Reply reply = plugin.get("/tour/visits/lima").reply();
    CHECK(reply.status == Status::kUnavailable);
    CHECK(reply.content == "the host offers no totem.draft.store/1 (absent or not granted)");
    FakeHost poor;
    poor.withhold(TOTEM_EXT_HTTP_CLIENT);
    CHECK_THROWS_WITH(LoadedPlugin(poor, kPlugins / "tour"),
                      "tour: it requires totem.draft.http_client/1, which the host does not offer");
}

TEST_CASE("a plugin that refuses its configuration is not started") {
    FakeHost host;
    CHECK_THROWS_WITH(
        LoadedPlugin(host, kPlugins / "tour", {{"refuse", true}}),
        Catch::Contains("create failed (fault)") && Catch::Contains("told to refuse"));
}

TEST_CASE("events are delivered, published once and checked against the manifest") {
    Tour tour;
    const Json event{{"id", "m1"}, {"type", "message.received"}, {"subject", "c1"}};
    const Json results = tour.plugin.deliver(event).reply().json();
    CHECK(results.at("results") == Json::array({"stored"}));
    CHECK(tour.plugin.deliver(event).reply().json().at("results") == Json::array({"duplicate"}));
    REQUIRE(tour.host.events.published().size() == 1);
    CHECK(tour.host.events.published()[0].at("source") == "tour");
    CHECK(tour.host.events.publish(R"([{"id": "1", "type": "other.thing"}])").status ==
          Status::kInvalid);
    tour.host.refuse(TOTEM_EXT_EVENT, Status::kBusy, "the queue is full");
    CHECK(tour.plugin.deliver({{"id", "m2"}, {"type", "message.received"}}).reply().status ==
          Status::kBusy);
}

TEST_CASE("other plugins' actions are scripted; a key brings its checkpoint along") {
    Tour tour;
    tour.host.actions.answer("other.look", Reply::json({{"seen", 7}}));
    totem::testing::CallOptions options;
    options.subject = "c1";
    CHECK(tour.plugin.act("tour.delegate", {{"at", "sea"}}, options).reply().json().at("seen") ==
          7);
    REQUIRE(tour.host.actions.asked().size() == 1);
    const Asked asked = tour.host.actions.asked()[0];
    CHECK(asked.json().at("at") == "sea");
    CHECK(asked.key == "once");
    CHECK(asked.subject == "c1");
    CHECK(tour.host.store.at("step") == "asked");
}

TEST_CASE("workers are scripted") {
    Tour tour;
    tour.host.workers.serve("crunch", [](const Asked& asked) {
        return Reply::text(std::string(asked.content.rbegin(), asked.content.rend()));
    });
    CHECK(tour.plugin.get("/tour/work?abc").reply().content == "cba");
}

TEST_CASE("an effect is carried out once: unknown asks the plugin, absent sends it again") {
    Tour tour;
    auto& http = tour.host.http;
    SECTION("done at once, and recorded under its key") {
        http.answer("POST", "http://peer/messages", Reply::httpJson(200, Json{{"id", 1}}));
        CHECK(tour.plugin.effect("tour.send", {{"t", "x"}}, "k1").json().at("id") == 1);
        CHECK(tour.plugin.effect("tour.send", {{"t", "x"}}, "k1").json().at("id") == 1);
        CHECK(http.sent().size() == 1);
    }
    SECTION("the answer got lost, but it happened") {
        http.answer("POST", "http://peer/messages", Reply::failure(Status::kUnknown, "reset"));
        http.answer("GET", "http://peer/messages", Reply::http(200, "… k1 …"));
        CHECK(tour.plugin.effect("tour.send", {{"t", "x"}}, "k1").json().at("found") == true);
    }
    SECTION("it did not happen, so it is sent again") {
        http.answer("POST", "http://peer/messages", Reply::failure(Status::kUnknown, "reset"));
        http.answer("POST", "http://peer/messages", Reply::httpJson(200, Json{{"id", 2}}));
        http.answer("GET", "http://peer/messages", Reply::http(200, "nothing"));
        CHECK(tour.plugin.effect("tour.send", {{"t", "x"}}, "k1").json().at("id") == 2);
    }
    SECTION("nobody can tell") {
        http.answer("POST", "http://peer/messages", Reply::failure(Status::kUnknown, "reset"));
        http.answer("GET", "http://peer/messages", Reply::failure(Status::kUnavailable, "down"));
        CHECK(tour.plugin.effect("tour.send", {{"t", "x"}}, "k1").status == Status::kUnknown);
        CHECK(tour.plugin.effect("tour.shout", {{"t", "x"}}, "k2").status == Status::kUnknown);
        CHECK(http.sent().size() == 3);
    }
    SECTION("refused for good, and not sent yet") {
        http.answer("POST", "http://peer/messages", Reply::failure(Status::kUnavailable, "down"));
        http.answer("POST", "http://peer/messages", Reply::http(403));
        CHECK(tour.plugin.effect("tour.send", {{"t", "x"}}, "k1").status == Status::kUnavailable);
        CHECK(tour.plugin.effect("tour.send", {{"t", "x"}}, "k1").status == Status::kRefused);
        CHECK(tour.plugin.effect("tour.send", {{"t", "x"}}, "k1").status == Status::kRefused);
        CHECK(http.sent().size() == 2);
    }
}

TEST_CASE("a body may lie in a file") {
    Tour tour;
    const std::string big(200'000, 'x');
    CHECK(tour.plugin.request(HttpIn("POST", "/tour/length").content(big).spooled())
              .reply()
              .content == "200000");
    CHECK(tour.plugin.request(HttpIn("POST", "/tour/length").content(big)).reply().content ==
          "200000");
    CHECK(tour.plugin.request(HttpIn("POST", "/tour/length")).reply().content == "0");
}

TEST_CASE("breaches of the rules are noted") {
    Tour tour;
    SECTION("a call completed twice") {
        CHECK(tour.plugin.get("/tour/twice").reply().content == "first");
        REQUIRE(tour.host.problems().size() == 1);
        CHECK(tour.host.problems()[0] == "GET /tour/twice: completed twice");
    }
    SECTION("a call that is never completed") {
        const OpenCall call = tour.plugin.get("/tour/never");
        tour.plugin.stop();
        CHECK(call.reply().status == Status::kCancelled);
        REQUIRE(tour.host.problems().size() == 1);
        CHECK_THAT(tour.host.problems()[0], Catch::Contains("GET /tour/never: never completed"));
    }
    SECTION("a view that is kept after the answer") {
        tour.plugin.request(HttpIn("GET", "/tour/late-look").header("X-Kept", "abc")).reply();
        REQUIRE(tour.host.log.of("plugin.handler.failed").size() == 1);
        CHECK(tour.host.log.of("plugin.handler.failed")[0].field("reason") == "saw \xDD\xDD\xDD");
    }
}

TEST_CASE("a stopping plugin is cancelled out of what it waits for") {
    Tour tour;
    tour.host.http.answer("GET", "http://peer/slow", Reply::http(200), kNever);
    tour.host.http.answer("GET", "http://peer/flaky", Reply::failure(Status::kUnavailable, "down"));
    const OpenCall blocked = tour.plugin.get("/tour/fetch");
    const OpenCall sleeping = tour.plugin.get("/tour/retry");
    tour.host.settle();
    tour.plugin.stop();
    CHECK(blocked.reply().status == Status::kCancelled);
    CHECK(sleeping.reply().status == Status::kCancelled);
    CHECK(tour.host.problems().empty());
}

TEST_CASE("the cache keeps to its times, locks and counts") {
    FakeHost host;
    const totem::Cache cache(host.raw());
    constexpr std::int64_t second = 1'000'000'000;
    CHECK(cache.get("a").wait().status == Status::kNotFound);
    CHECK(cache.set("a", "1", 0).wait().status == Status::kInvalid);
    CHECK(cache.set("a", "1", second).wait().ok());
    CHECK(cache.get("a").wait().text() == "1");
    CHECK(cache.increment("a", 5, second).wait().text() == "6");
    host.advance(1s);
    CHECK(cache.get("a").wait().status == Status::kNotFound);
    const std::string token(cache.lock("l", second).wait().text());
    CHECK(cache.lock("l", second).wait().status == Status::kBusy);
    CHECK(cache.unlock("l", "another", {}).wait().ok());
    CHECK(cache.lock("l", second).wait().status == Status::kBusy);
    CHECK(cache.unlock("l", token).wait().ok());
    CHECK(cache.lock("l", second).wait().ok());
    host.advance(1s);
    CHECK(cache.lock("l", second).wait().ok());
}
