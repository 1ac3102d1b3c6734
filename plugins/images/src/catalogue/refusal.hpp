#pragma once

#include <stdexcept>
#include <string>

namespace totem::images {

/// Thrown to answer a request with a status and a sentence in Spanish.
class Refusal : public std::runtime_error {
public:
    Refusal(int status, const std::string& sentence) : std::runtime_error(sentence), status_(status) {}
    int status() const { return status_; }

private:
    int status_;
};

}  // namespace totem::images
