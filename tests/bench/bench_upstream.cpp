// CPU per small request on keep-alive connections, as `getrusage` of the client's thread sees it.
// Usage: bench_upstream [requests] [at a time]
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <future>

#include "host/upstream/raw_server.hpp"
#include "loop/event_loop.hpp"
#include "upstream/upstream_client.hpp"

using namespace totemd;

namespace {

double threadCpuSeconds() {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    const auto seconds = [](const timeval& time) { return time.tv_sec + time.tv_usec / 1e6; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double cpuOf(EventLoop& loop) {
    std::promise<double> seconds;
    loop.post([&] { seconds.set_value(threadCpuSeconds()); });
    return seconds.get_future().get();
}

/// Keeps `width` requests under way until `left` have been answered.
struct Run {
    UpstreamClient& client;
    UpstreamRequest request;
    int toStart;
    int toEnd;
    int errors = 0;
    std::promise<void> ended;

    void next() {
        if (toStart == 0) return;
        --toStart;
        client.ask(request, [this](UpstreamResult&& result) {
            if (result.status != 200) ++errors;
            if (--toEnd == 0) return ended.set_value();
            next();
        });
    }
};

void measure(const char* name, UpstreamRequest request, int count, int width) {
    EventLoop loop("upstream");
    loop.start();
    UpstreamClient client(loop, {});
    Run run{client, std::move(request), count, count, 0, {}};
    const double cpuBefore = cpuOf(loop);
    const auto before = monotonicNow();
    loop.post([&] {
        for (int i = 0; i < width; ++i) run.next();
    });
    run.ended.get_future().wait();
    const double seconds = static_cast<double>(monotonicNow() - before) / 1e9;
    const double cpu = cpuOf(loop) - cpuBefore;
    std::printf("%-22s %3d at a time  %7.1f k/s  %6.1f us CPU  %d errors\n", name, width,
                count / seconds / 1000, cpu / count * 1e6, run.errors);
    client.stop();
    loop.stop();
}

}  // namespace

int main(int argc, char** argv) {
    const int count = argc > 1 ? std::atoi(argv[1]) : 50'000;
    const int width = argc > 2 ? std::atoi(argv[2]) : 16;
    test::RawServer server([](const auto&) -> test::RawServer::Reply {
        return {test::answer(200, R"({"ok":true})", "Content-Type: application/json\r\n")};
    });
    UpstreamRequest get;
    get.url = server.url("/small");
    UpstreamRequest post = get;
    post.method = "POST";
    post.headers = {{"Content-Type", "application/json"}, {"api_access_token", "token"}};
    post.body = std::string(200, 'x');
    measure("GET", get, count, width);
    measure("POST 200 bytes", post, count, width);
    measure("GET", get, count, 1);
}
