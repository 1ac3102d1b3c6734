#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace fnb {

enum class Channel { kFnb, kGaso };

inline const char* channelName(Channel channel) {
    return channel == Channel::kFnb ? "fnb" : "gaso";
}

/// What one channel knows about one person.
struct Outcome {
    enum class Kind { kFound, kNotFound, kFailed };

    Channel channel = Channel::kFnb;
    Kind kind = Kind::kFailed;
    bool hasOffer = false;  ///< a credit line is available
    double creditLine = 0;  ///< soles
    std::string name;       ///< empty when the upstream gave none
    std::string data;       ///< when found: the client's data, JSON text
    std::string error;      ///< when failed: a code word, ": " and a sentence, safe to publish
};

using OutcomePtr = std::shared_ptr<const Outcome>;

inline Outcome failedOutcome(Channel channel, std::string error) {
    Outcome outcome;
    outcome.channel = channel;
    outcome.error = std::move(error);
    return outcome;
}

}  // namespace fnb
