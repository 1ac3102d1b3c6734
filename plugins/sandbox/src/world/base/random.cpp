#include "world/base/random.hpp"

#include <random>

namespace totem_sandbox {
namespace {

std::mt19937_64& engine() {
    thread_local std::mt19937_64 generator{std::random_device{}()};
    return generator;
}

std::string pick(const char* alphabet, int size, int count) {
    std::uniform_int_distribution<int> index(0, size - 1);
    std::string text(static_cast<std::size_t>(count), ' ');
    for (char& c : text) c = alphabet[index(engine())];
    return text;
}

}  // namespace

std::string upperHex(int digits) {
    return pick("0123456789ABCDEF", 16, digits);
}
std::string lowerHex(int digits) {
    return pick("0123456789abcdef", 16, digits);
}

std::string token(int characters) {
    return pick("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789", 56, characters);
}

std::string uuid() {
    return lowerHex(8) + "-" + lowerHex(4) + "-4" + lowerHex(3) + "-" + pick("89ab", 4, 1) +
           lowerHex(3) + "-" + lowerHex(12);
}

double chance() {
    return std::uniform_real_distribution<double>(0.0, 1.0)(engine());
}

}  // namespace totem_sandbox
