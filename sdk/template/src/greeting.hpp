#pragma once

#include <string>

/// What the plugin does, apart from how it is asked: this is what the unit test tests.
inline std::string greetingFor(const std::string& word, const std::string& name) {
    return word + ", " + (name.empty() ? "stranger" : name) + "!";
}
