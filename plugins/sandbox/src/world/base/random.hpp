#pragma once

#include <string>

namespace totem_sandbox {

/// Invented identifiers. They need to be different, not secret.
std::string uuid();
std::string upperHex(int digits);
std::string lowerHex(int digits);
std::string token(int characters);

/// A number in [0, 1).
double chance();

}  // namespace totem_sandbox
