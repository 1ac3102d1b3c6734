#include "world/base/faults.hpp"

#include "world/base/random.hpp"

#include <nlohmann/json.hpp>

#include <set>
#include <stdexcept>

namespace totem_sandbox {
namespace {

const std::set<std::string> kServices = {"chatwoot", "evolution", "fnb", "gaso"};
const std::set<std::string> kMembers = {"service",        "latency_ms",
                                        "status",         "body",
                                        "retry_after",    "rate",
                                        "drip",           "drip_ms",
                                        "reset",          "repeat_webhooks",
                                        "count",          "match",
                                        "expire_session", "webhooks_out_of_order"};

Fault::Reset resetFrom(const std::string& text) {
    if (text == "none" || text.empty()) return Fault::Reset::none;
    if (text == "before") return Fault::Reset::before;
    if (text == "after_headers") return Fault::Reset::afterHeaders;
    if (text == "after_effect") return Fault::Reset::afterEffect;
    throw std::invalid_argument("reset: expected before, after_headers or after_effect, got \"" +
                                text + "\"");
}

bool concernsRequests(const Fault& f) {
    return f.latencyMs > 0 || f.status > 0 || f.drip || f.reset != Fault::Reset::none;
}

}  // namespace

Fault Faults::parse(const nlohmann::json& request) {
    for (const auto& [name, value] : request.items())
        if (!kMembers.count(name)) throw std::invalid_argument(name + ": unknown member");
    Fault fault;
    try {
        fault.latencyMs = request.value("latency_ms", 0);
        fault.status = request.value("status", 0);
        fault.body = request.value("body", "");
        fault.retryAfter = request.value("retry_after", -1);
        fault.rate = request.value("rate", 1.0);
        fault.drip = request.value("drip", false);
        fault.dripMs = request.value("drip_ms", 20);
        fault.reset = resetFrom(request.value("reset", ""));
        fault.repeatWebhooks = request.value("repeat_webhooks", 0);
        fault.outOfOrder = request.value("webhooks_out_of_order", false);
        fault.count = request.value("count", -1L);
        fault.match = request.value("match", "");
    } catch (const nlohmann::json::exception& e) {
        throw std::invalid_argument(std::string("fault: ") + e.what());
    }
    return fault;
}

void Faults::set(const nlohmann::json& request) {
    if (!request.is_object()) throw std::invalid_argument("expected an object");
    const std::string service =
        request.contains("service") && request["service"].is_string() ? request["service"] : "";
    if (!kServices.count(service))
        throw std::invalid_argument("service: expected chatwoot, evolution, fnb or gaso, got \"" +
                                    service + "\"");
    const Fault fault = parse(request);
    std::lock_guard lock(mutex_);
    if (concernsRequests(fault) || fault.repeatWebhooks > 0 || fault.outOfOrder)
        byService_[service] = fault;
    else
        byService_.erase(service);
    any_ = !byService_.empty();
}

void Faults::clear() {
    std::lock_guard lock(mutex_);
    byService_.clear();
    any_ = false;
}

Fault Faults::take(const std::string& service, const std::string& target) {
    if (!any_) return {};
    std::lock_guard lock(mutex_);
    const auto found = byService_.find(service);
    if (found == byService_.end()) return {};
    Fault& fault = found->second;
    if (!concernsRequests(fault) || fault.count == 0) return {};
    if (!fault.match.empty() && target.find(fault.match) == std::string::npos) return {};
    if (fault.rate < 1.0 && chance() >= fault.rate) return {};
    if (fault.count > 0) --fault.count;
    return fault;
}

Fault Faults::takeWebhook(const std::string& service) {
    if (!any_) return {};
    std::lock_guard lock(mutex_);
    const auto found = byService_.find(service);
    return found == byService_.end() ? Fault{} : found->second;
}

nlohmann::json Faults::describe() const {
    std::lock_guard lock(mutex_);
    nlohmann::json list = nlohmann::json::object();
    for (const auto& [service, f] : byService_) {
        static const char* const kResets[] = {"none", "before", "after_headers", "after_effect"};
        list[service] = {{"latency_ms", f.latencyMs},
                         {"status", f.status},
                         {"rate", f.rate},
                         {"drip", f.drip},
                         {"reset", kResets[static_cast<int>(f.reset)]},
                         {"repeat_webhooks", f.repeatWebhooks},
                         {"webhooks_out_of_order", f.outOfOrder},
                         {"count", f.count},
                         {"match", f.match}};
    }
    return list;
}

}  // namespace totem_sandbox
