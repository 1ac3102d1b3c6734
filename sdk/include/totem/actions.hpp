#pragma once

#include <cstdint>
#include <string_view>

#include "totem/abi/action.h"
#include "totem/ask.hpp"

namespace totem {
inline namespace v0 {

/// Asks for actions of any plugin. Any thread. See abi/action.h for effects and keys.
class Actions {
public:
    explicit Actions(const totem_host* host)
        : host_(host), api_(hostExtension<totem_host_action>(host, TOTEM_EXT_ACTION)) {}

    /// `inputJson` is an object that fits the action's input schema; the answer is JSON.
    auto ask(std::string_view name, std::string_view inputJson,
             const AskOptions& options = {}) const {
        return Pending(host_, options, [this, name, inputJson](const totem_ask& ask) {
            if (!TOTEM_HAS(api_, ask)) return answerUnavailable(host_, ask, TOTEM_EXT_ACTION);
            api_->ask(host_, str(name), str(inputJson), &ask);
        });
    }

    /// Every action that is on offer: {"actions": […]}.
    auto list(const AskOptions& options = {}) const {
        return Pending(host_, options, [this](const totem_ask& ask) {
            if (!TOTEM_HAS(api_, list)) return answerUnavailable(host_, ask, TOTEM_EXT_ACTION);
            api_->list(host_, &ask);
        });
    }

private:
    const totem_host* host_;
    const totem_host_action* api_;
};

}  // namespace v0
}  // namespace totem
