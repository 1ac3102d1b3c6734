#include <totem/json.hpp>
#include <totem/totem.hpp>

#include <memory>
#include <stdexcept>
#include <vector>

using namespace totem;

namespace {
constexpr std::int64_t kSecond = 1'000'000'000;
}

/// Uses everything that a host offers, so that the fake one can be tried.
class Tour : public Plugin {
public:
    explicit Tour(const Init& init)
        : Plugin(init),
          http_(init.host),
          store_(init.host),
          events_(init.host),
          actions_(init.host),
          workers_(init.host),
          timers_(init.host),
          health_(init.host),
          visits_(Metrics(init.host).counter("tour_visits", "Visits by place")) {
        if (Json::parse(init.config).contains("refuse")) throw std::runtime_error("told to refuse");
        onRoute("fetch", [this](Call& call, const Request&) { fetch(call); });
        onRoute("retry", [this](Call& call, const Request&) {
            retry(std::make_shared<Call>(std::move(call)), 3);
        });
        onRoute("length", [](const Request& request) {
            return Response::text(std::to_string(request.content().size()));
        });
        onRoute("twice", [](Call& call, const Request&) {
            totem_call* raw = call.raw();
            call.succeed(Response::text("first"));
            raw->complete(raw, TOTEM_OK, Body("second").release());
        });
        onRoute("never", [](Call& call, const Request&) { forget(call); });
        onRoute("late-look", [](Call& call, const Request& request) {
            const std::string_view kept = request.header("X-Kept");
            call.succeed(Response::empty());
            throw std::runtime_error("saw " + std::string(kept));
        });
        onRoute("visits", [this](Call& call, const Request& request) { visit(call, request); });
        onRoute("work", [this](const Request& request) {
            return Response::text(
                std::string(workers_.ask("crunch", 0, request.query()).wait().text()));
        });
        onAction("tour.send", [this](Call& call, std::string_view input) { send(call, input); });
        onReconcile("tour.send", json([this](const Json& question) {
                        const Answer found =
                            http_.ask(HttpOut("GET", "http://peer/messages")).wait();
                        if (!found.ok()) return Json{{"state", "unknown"}};
                        if (found.text().find(question.at("key").get<std::string>()) ==
                            std::string_view::npos)
                            return Json{{"state", "absent"}};
                        return Json{{"state", "done"}, {"result", {{"found", true}}}};
                    }));
        onAction("tour.shout", [this](Call& call, std::string_view input) { send(call, input); });
        onAction("tour.delegate", [this](Call& call, std::string_view input) {
            AskOptions options(call);
            options.idempotencyKey("once").checkpoint("step", "asked");
            const Answer answer = actions_.ask("other.look", input, options).wait();
            if (!answer.ok()) throw Failure(answer.status, std::string(answer.text()));
            call.succeed(Body(std::string(answer.text())));
        });
        onEvent(json([this](const Json& event) {
            const Json seen = Json::array({{{"id", event.at("id")}, {"type", "tour.seen"}}});
            const Answer answer = events_.publish(dumpJson(seen)).wait();
            if (!answer.ok()) throw Failure(answer.status, std::string(answer.text()));
            return Json::parse(answer.text());
        }));
    }

    void start() override { health_.healthy("tour", "ready"); }

private:
    void fetch(Call& call) {
        const Answer answer =
            http_.ask(HttpOut("GET", "http://peer/slow"), AskOptions(call)).wait();
        if (!answer.ok()) throw Failure(answer.status, std::string(answer.text()));
        call.succeed(Response::text(std::string(answer.text())));
    }
    void retry(std::shared_ptr<Call> call, int left) {
        http_.ask(HttpOut("GET", "http://peer/flaky")).then([this, call, left](Answer answer) {
            if (answer.ok()) {
                call->succeed(Response::text(std::string(answer.text())));
            } else if (left == 0) {
                call->fail(Status::kUnavailable, "given up");
            } else {
                timers_.after(2 * kSecond, [this, call, left] { retry(call, left - 1); });
            }
        });
    }
    /// A raw plugin's mistake: the call is let go without an answer.
    static void forget(Call& call) {
        static auto& kept = *new std::vector<Call*>;  // within a leak detector's reach
        kept.push_back(new Call(std::move(call)));
    }
    void visit(Call& call, const Request& request) {
        const std::string place(request.path().substr(sizeof "/tour/visits/" - 1));
        const Answer old = store_.get(place).wait();
        const int count = old.ok() ? std::stoi(std::string(old.text())) + 1 : 1;
        const Answer put = store_.put(place, std::to_string(count), 0).wait();
        if (!put.ok()) throw Failure(put.status, std::string(put.text()));
        visits_.count({{"place", place}});
        log.info("visit", {{"place", place}, {"count", count}});
        call.succeed(Response::text(std::to_string(count)));
    }
    void send(Call& call, std::string_view input) {
        const HttpOut out = HttpOut("POST", "http://peer/messages").content(std::string(input));
        const Answer answer = http_.ask(out, AskOptions(call)).wait();
        if (!answer.ok()) throw Failure(answer.status, std::string(answer.text()));
        if (answer.body.code() == 403) throw Failure(Status::kRefused, "forbidden");
        if (answer.body.code() >= 300) throw Failure(Status::kUnknown, "half done");
        call.succeed(Body(std::string(answer.text())));
    }

    const HttpClient http_;
    const Store store_;
    const Events events_;
    const Actions actions_;
    const Workers workers_;
    const Timers timers_;
    const Health health_;
    const Metric visits_;
};

TOTEM_PLUGIN(Tour);
