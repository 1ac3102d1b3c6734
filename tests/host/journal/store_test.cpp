#include "journal/store.hpp"

#include <catch2/catch.hpp>

#include "host/journal/fixture.hpp"
#include "journal/requests.hpp"

using namespace totemd;
using namespace totemd::test;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::optional<std::string> get(Database& database, const std::string& plugin,
                               const std::string& key) {
    std::promise<std::optional<std::string>> value;
    Store(database).get(plugin, key, [&](std::optional<std::string> found, std::string) {
        value.set_value(std::move(found));
    });
    return value.get_future().get();
}

std::string put(Database& database, const std::string& plugin, const std::string& key,
                const std::string& value, std::int64_t ttl = 0) {
    std::promise<std::string> error;
    Store(database).put(plugin, key, value, ttl,
                        [&](std::string text) { error.set_value(std::move(text)); });
    return error.get_future().get();
}

RawRequest request(std::string body) {
    RawRequest request;
    request.plugin = "chatwoot";
    request.listener = "desk";
    request.trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    request.route = "/webhook/chatwoot";
    request.method = "POST";
    request.target = "/webhook/chatwoot?x=1";
    request.headers = R"([["X-A","b"]])";
    request.body = std::move(body);
    request.peer = "127.0.0.1";
    request.receivedUnixNs = 5;
    request.reason = "plugin is reloading";
    return request;
}

std::pair<std::int64_t, std::string> add(Requests& requests, RawRequest raw) {
    std::promise<std::pair<std::int64_t, std::string>> result;
    requests.add(std::move(raw), [&](std::int64_t seq, std::string reason) {
        result.set_value({seq, std::move(reason)});
    });
    return result.get_future().get();
}

std::vector<RawRequest> take(Requests& requests, int limit = 10,
                             Requests::Which which = Requests::Which::All) {
    std::promise<std::vector<RawRequest>> result;
    requests.take("chatwoot", limit, which,
                  [&](std::vector<RawRequest> taken) { result.set_value(std::move(taken)); });
    return result.get_future().get();
}

}  // namespace

TEST_CASE("a plugin reads what it put, and no other plugin's") {
    TempFolder folder;
    const std::string bytes("a\0b\xff", 4);
    {
        Database database({folder.file()});
        CHECK(put(database, "flows", bytes, bytes).empty());
        CHECK(get(database, "flows", bytes) == bytes);
        CHECK_FALSE(get(database, "fnb", bytes));
    }
    Database database({folder.file()});
    CHECK(get(database, "flows", bytes) == bytes);
    CHECK(put(database, "flows", bytes, "").empty());
    CHECK(get(database, "flows", bytes) == "");
    std::promise<std::string> removed;
    Store(database).remove("flows", bytes, [&](std::string error) { removed.set_value(error); });
    CHECK(removed.get_future().get().empty());
    CHECK_FALSE(get(database, "flows", bytes));
}

TEST_CASE("a row expires by the clock") {
    TempFolder folder;
    VirtualClock clock;
    Database database({folder.file(), clock.function()});
    put(database, "fnb", "session", "s", 10 * kSecond);
    clock.advance(database, 9 * kSecond);
    CHECK(get(database, "fnb", "session"));
    clock.advance(database, 2 * kSecond);
    CHECK_FALSE(get(database, "fnb", "session"));
}

TEST_CASE("rows are listed by prefix, in pages") {
    TempFolder folder;
    Database database({folder.file()});
    for (const char* key : {"a", "run:1", "run:2", "run:3", "s"}) put(database, "flows", key, "v");
    const auto list = [&](const std::string& after, int limit) {
        std::promise<std::string> keys;
        Store(database).list("flows", "run:", after, limit, [&](Store::Rows rows, std::string) {
            std::string all;
            for (const auto& [key, value] : rows) all += key + " ";
            keys.set_value(all);
        });
        return keys.get_future().get();
    };
    CHECK(list("", 2) == "run:1 run:2 ");
    CHECK(list("run:2", 2) == "run:3 ");
}

TEST_CASE("a raw request is kept, taken once, counted, and ends") {
    TempFolder folder;
    const std::string body("{\0}", 3);
    std::int64_t seq = 0;
    {
        Database database({folder.file()});
        Requests requests(database, {});
        seq = add(requests, request(body)).first;
        CHECK(seq > 0);
        const auto taken = take(requests);
        REQUIRE(taken.size() == 1);
        CHECK(taken[0].body == body);
        CHECK(taken[0].headers == R"([["X-A","b"]])");
        CHECK(taken[0].listener == "desk");
        CHECK(taken[0].trace == "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        CHECK(taken[0].attempts == 1);
        CHECK(take(requests).empty());
        requests.finish(seq, Requests::End::Retry, "still down");
        CHECK(take(requests).size() == 1);
    }
    Database database({folder.file()});
    Requests requests(database, {});
    CHECK(requests.waiting() == 1);
    CHECK(take(requests)[0].attempts == 3);
    requests.finish(seq, Requests::End::Done);
    CHECK(take(requests).empty());
    CHECK(requests.waiting() == 0);
    std::promise<bool> found;
    requests.replay(seq, [&](bool yes) { found.set_value(yes); });
    CHECK(found.get_future().get());
    CHECK(take(requests)[0].attempts == 1);
}

TEST_CASE("raw requests are bounded in count, in bytes and in attempts") {
    TempFolder folder;
    Database database({folder.file()});
    RequestsOptions options;
    options.maxCount = 2;
    options.maxBytes = 1000;
    options.maxAttempts = 2;
    Requests requests(database, options);
    CHECK(add(requests, request(std::string(2000, 'x'))).second ==
          "the undecoded requests that wait have reached their size bound");
    const auto first = add(requests, request("1")).first;
    add(requests, request("2"));
    CHECK(add(requests, request("3")).second == "too many undecoded requests are waiting");
    for (int i = 0; i < 2; ++i) {
        CHECK(take(requests, 1).at(0).seq == first);
        requests.finish(first, Requests::End::Retry, "throws");
    }
    CHECK(take(requests, 1).at(0).body == "2");  // the first is a dead letter
    CHECK(requests.waiting() == 1);
}

TEST_CASE(
    "a raw request whose plugin is unwell waits longer and longer, and never for the last time") {
    TempFolder folder;
    VirtualClock clock;
    Database database({folder.file(), clock.function()});
    RequestsOptions options;
    options.maxAttempts = 2;
    Requests requests(database, options);
    const auto seq = add(requests, request("1")).first;
    const auto due = [&] { return take(requests, 10, Requests::Which::Due); };
    for (int i = 0; i < 10; ++i) {
        const auto taken = due();
        REQUIRE(taken.size() == 1);
        CHECK(taken[0].attempts == 1);
        requests.finish(seq, Requests::End::Unavailable, "busy");
        CHECK(due().empty());
        clock.advance(database, (i < 5 ? kSecond << i : 30 * kSecond) / 2);
        CHECK(due().empty());  // half of the back-off is not enough
        clock.advance(database, (i < 5 ? kSecond << i : 30 * kSecond));
    }
    CHECK(take(requests).size() == 1);
    requests.finish(seq, Requests::End::Retry, "throws");
    CHECK(due().empty());
    CHECK(take(requests).size() == 1);  // in its back-off, but asked for
    requests.finish(seq, Requests::End::Retry, "throws");
    CHECK(take(requests).empty());
    CHECK(requests.waiting() == 0);  // a dead letter
}

TEST_CASE("a take is bounded in bytes, and the next one comes when all of it has ended") {
    TempFolder folder;
    Database database({folder.file()});
    Requests requests(database, {});
    for (int i = 0; i < 3; ++i) add(requests, request(std::string(10 << 20, 'x')));
    const auto first = take(requests);
    REQUIRE(first.size() == 2);
    requests.finish(first[0].seq, Requests::End::Done);
    CHECK(take(requests).empty());
    requests.finish(first[1].seq, Requests::End::Done);
    put(database, "flows", "key", "the ends are committed");
    CHECK(take(requests).size() == 1);
}

TEST_CASE("what is taken twice in one commit is handed out once") {
    TempFolder folder;
    Database database({folder.file()});
    Requests requests(database, {});
    add(requests, request("1"));
    std::promise<void> go;
    Mailbox<std::vector<RawRequest>> taken;
    database.post([&] { go.get_future().get(); });
    for (int i = 0; i < 2; ++i) {
        requests.take("chatwoot", 10, Requests::Which::All,
                      [&](std::vector<RawRequest> all) { taken.put(std::move(all)); });
    }
    go.set_value();
    const auto first = taken.take();
    REQUIRE(first.size() == 1);
    CHECK(first[0].attempts == 1);
    CHECK(taken.take().empty());
    requests.finish(first[0].seq, Requests::End::Unavailable);
    CHECK(take(requests).at(0).attempts == 1);
}
