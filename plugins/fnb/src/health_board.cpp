#include "health_board.hpp"

#include "encoding.hpp"

namespace fnb {
namespace {

constexpr const char* kNames[] = {"portal", "gaso"};
constexpr const char* kStates[] = {"none", "starting", "healthy", "unhealthy"};

std::size_t index(HealthBoard::Part part) {
    return static_cast<std::size_t>(part);
}

}  // namespace

HealthBoard::HealthBoard(const totem_host* host) : health_(host), clock_(host), log_(host) {}

void HealthBoard::report(Part part, State state, std::string_view detail) {
    Entry& entry = entries_[index(part)];
    if (state == State::kHealthy && entry.state == State::kHealthy) return;
    const char* name = kNames[index(part)];
    {
        std::lock_guard lock(mutex_);
        if (entry.state == state && entry.detail == detail) return;
        if (entry.state != state) entry.sinceUnixS = clock_.unixNs() / 1'000'000'000;
        entry.state = state;
        entry.detail = detail;
    }
    switch (state) {
        case State::kNone:
            health_.none(name, detail);
            break;
        case State::kStarting:
            health_.starting(name, detail);
            break;
        case State::kHealthy:
            health_.healthy(name, detail);
            break;
        case State::kUnhealthy:
            health_.unhealthy(name, detail);
            break;
    }
    if (state == State::kUnhealthy) {
        log_.warning("upstream.unhealthy", {{"upstream", name}, {"reason", detail}});
    } else {
        log_.info("upstream.state",
                  {{"upstream", name}, {"state", kStates[static_cast<int>(state)]}});
    }
}

bool HealthBoard::unhealthy(Part part) const {
    return entries_[index(part)].state == State::kUnhealthy;
}

void HealthBoard::append(std::string& out, Part part) const {
    const Entry& entry = entries_[index(part)];
    std::lock_guard lock(mutex_);
    appendJsonText(out, kNames[index(part)]);
    out += ":{\"state\":";
    appendJsonText(out, kStates[static_cast<int>(entry.state.load())]);
    out += ",\"since\":" + std::to_string(entry.sinceUnixS) + ",\"detail\":";
    appendJsonText(out, entry.detail);
    out += '}';
}

HealthBoard::Page HealthBoard::all() const {
    const bool bad = unhealthy(Part::kPortal) || unhealthy(Part::kGaso);
    std::string out = bad ? "{\"status\":\"unhealthy\"," : "{\"status\":\"healthy\",";
    append(out, Part::kPortal);
    out += ',';
    append(out, Part::kGaso);
    return {bad ? 503 : 200, out + "}"};
}

HealthBoard::Page HealthBoard::gasoAlone() const {
    const bool bad = unhealthy(Part::kGaso);
    std::string out = bad ? "{\"status\":\"unhealthy\"," : "{\"status\":\"healthy\",";
    append(out, Part::kGaso);
    return {bad ? 503 : 200, out + "}"};
}

}  // namespace fnb
