#pragma once

#include <cstdint>
#include <string_view>

#include "totem/abi/health.h"
#include "totem/body.hpp"
#include "totem/extension.hpp"

namespace totem {
inline namespace v0 {

/// Reports the state of the plugin's components and upstreams, shown by GET /health. Any thread.
/// `detail` is a sentence for the operator: never a secret or a customer's data.
class Health {
public:
    explicit Health(const totem_host* host)
        : host_(host), api_(hostExtension<totem_host_health>(host, TOTEM_EXT_HEALTH)) {}
    void starting(std::string_view component, std::string_view detail = {}) const {
        report(component, TOTEM_HEALTH_STARTING, detail);
    }
    void healthy(std::string_view component, std::string_view detail = {}) const {
        report(component, TOTEM_HEALTH_HEALTHY, detail);
    }
    void unhealthy(std::string_view component, std::string_view detail) const {
        report(component, TOTEM_HEALTH_UNHEALTHY, detail);
    }
    /// For what cannot be judged yet or is switched off.
    void none(std::string_view component, std::string_view detail = {}) const {
        report(component, TOTEM_HEALTH_NONE, detail);
    }

private:
    void report(std::string_view component, std::int32_t state, std::string_view detail) const {
        if (TOTEM_HAS(api_, report)) api_->report(host_, str(component), state, str(detail));
    }

    const totem_host* host_;
    const totem_host_health* api_;
};

}  // namespace v0
}  // namespace totem
