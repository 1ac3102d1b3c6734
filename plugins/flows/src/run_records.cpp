#include "run_records.hpp"

#include <cstdio>
#include <sstream>

#include "request_doer.hpp"

namespace totem::flows {
namespace {

constexpr std::size_t kMaxRecordBytes = 256 * 1024;
constexpr std::uint32_t kPage = 100;  ///< rows

/// Sorts newest first: what is left until a far future, in microseconds.
std::string keyFor(std::int64_t unixNs, const std::string& run) {
    char text[24];
    std::snprintf(text, sizeof text, "%016lld",
                  static_cast<long long>(4'102'444'800'000'000LL - unixNs / 1000));
    return "execution/" + std::string(text) + "/" + run;
}

}  // namespace

void RunRecords::forget(const FlowRun& run) const {
    store_.remove(RequestDoer::checkpointKey(run)).then([](Answer) {});
}

void RunRecords::keep(const FlowRun& run, const FlowEnd& end, bool hadCheckpoint) const {
    if (hadCheckpoint) forget(run);
    if (settings_.keep == Settings::Keep::kNone ||
        (settings_.keep == Settings::Keep::kErrors && end.ok))
        return;
    const std::int64_t now = clock_.unixNs();
    Json header{{"run", run.id},
                {"flow", run.workflow->name},
                {"workflow", run.workflow->id},
                {"ended_unix_ms", now / 1'000'000},
                {"ok", end.ok}};
    if (!end.error.empty()) header["error"] = Json::parse(end.error, nullptr, false);
    if (run.records.size() > kMaxRecordBytes) header["cut"] = true;
    const std::string value =
        dumpJson(header) + "\n" +
        run.records.substr(0, run.records.size() > kMaxRecordBytes ? 0 : std::string::npos);
    store_.put(keyFor(now, run.id), value, now + settings_.keepNs).then([](Answer) {});
}

Task<std::string> RunRecords::list(int limit, std::string run) const {
    Json runs = Json::array();
    std::string after;
    bool more = true;
    while (more) {
        // The store's thread builds a page while others wait for it to write.
        Answer answer = co_await store_.list("execution/", after, kPage);
        if (!answer.ok()) throw Failure(answer.status, std::string(answer.text()));
        const Json page = Json::parse(answer.body.read());
        const Json& entries = page.at("entries");
        more = entries.size() == kPage;
        for (const Json& entry : entries) {
            after = entry.at("key").get<std::string>();
            if (run.empty() && static_cast<int>(runs.size()) >= limit) {
                more = false;
                break;
            }
            std::istringstream lines(entry.at("value").get<std::string>());
            std::string line;
            std::getline(lines, line);
            Json item = Json::parse(line, nullptr, false);
            if (!item.is_object() || (!run.empty() && item.value("run", "") != run)) continue;
            if (!run.empty()) {
                item["nodes"] = Json::array();
                while (std::getline(lines, line)) {
                    Json node = Json::parse(line, nullptr, false);
                    if (node.is_object()) item["nodes"].push_back(std::move(node));
                }
            }
            runs.push_back(std::move(item));
        }
    }
    Json result = Json::object();
    result["runs"] = std::move(runs);
    co_return dumpJson(result);
}

}  // namespace totem::flows
