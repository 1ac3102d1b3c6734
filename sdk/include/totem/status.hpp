#pragma once

#include <stdexcept>
#include <string>

#include "totem/abi/base.h"

namespace totem {
inline namespace v0 {

/// The outcomes of abi/base.h, where each is explained.
enum class Status : totem_status {
    kOk = TOTEM_OK,
    kInvalid = TOTEM_E_INVALID,
    kNotFound = TOTEM_E_NOT_FOUND,
    kUnavailable = TOTEM_E_UNAVAILABLE,
    kBusy = TOTEM_E_BUSY,
    kDeadline = TOTEM_E_DEADLINE,
    kCancelled = TOTEM_E_CANCELLED,
    kGone = TOTEM_E_GONE,
    kAbandoned = TOTEM_E_ABANDONED,
    kFault = TOTEM_E_FAULT,
    kRefused = TOTEM_E_REFUSED,
    kUnknown = TOTEM_E_UNKNOWN,
    kDenied = TOTEM_E_DENIED,
    kTooLarge = TOTEM_E_TOO_LARGE,
};

inline const char* statusName(Status status) {
    switch (status) {
        case Status::kOk:
            return "ok";
        case Status::kInvalid:
            return "invalid";
        case Status::kNotFound:
            return "not_found";
        case Status::kUnavailable:
            return "unavailable";
        case Status::kBusy:
            return "busy";
        case Status::kDeadline:
            return "deadline";
        case Status::kCancelled:
            return "cancelled";
        case Status::kGone:
            return "gone";
        case Status::kAbandoned:
            return "abandoned";
        case Status::kFault:
            return "fault";
        case Status::kRefused:
            return "refused";
        case Status::kUnknown:
            return "unknown";
        case Status::kDenied:
            return "denied";
        case Status::kTooLarge:
            return "too_large";
    }
    return "fault";
}

/// Thrown by a handler to answer its call with a status and a sentence. Any other exception that
/// leaves a handler answers kFault.
class Failure : public std::runtime_error {
public:
    Failure(Status status, const std::string& message)
        : std::runtime_error(message), status_(status) {}
    Status status() const { return status_; }

private:
    Status status_;
};

}  // namespace v0
}  // namespace totem
