#include "greeting.hpp"

#include <cstdio>

int main() {
    int failures = 0;
    auto check = [&failures](const std::string& found, const std::string& wanted) {
        if (found == wanted) return;
        std::printf("expected \"%s\", got \"%s\"\n", wanted.c_str(), found.c_str());
        ++failures;
    };
    check(greetingFor("Hola", "Ana"), "Hola, Ana!");
    check(greetingFor("Hola", ""), "Hola, stranger!");
    return failures == 0 ? 0 : 1;
}
