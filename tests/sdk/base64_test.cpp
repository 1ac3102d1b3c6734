#include <catch2/catch.hpp>
#include <totem/base64.hpp>

using totem::appendBase64;
using totem::decodeBase64;

TEST_CASE("base64 goes there and back, also cut at threes") {
    for (const std::string bytes : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
        std::string text;
        appendBase64(text, bytes);
        CHECK(text.size() % 4 == 0);
        CHECK(decodeBase64(text) == bytes);
    }
    std::string text;
    appendBase64(text, "foo");
    appendBase64(text, "ba");
    CHECK(text == "Zm9vYmE=");
    CHECK(decodeBase64("Zm9v\r\nYmE=") == "fooba");
    CHECK_FALSE(decodeBase64("Zm9v!"));
    CHECK_FALSE(decodeBase64("Z"));
    CHECK_FALSE(decodeBase64("Zg==Zg"));
}
