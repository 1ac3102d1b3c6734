#include "text.hpp"

#include <catch2/catch.hpp>
#include <utility>
#include <vector>

using totem::chatwoot::neutralizeLiquid;
using totem::chatwoot::whatsappToMarkdown;

TEST_CASE("Liquid's opening marks are broken up and the rest is left alone") {
    CHECK(neutralizeLiquid("hola {{contact.name}}").find("{{") == std::string::npos);
    CHECK(neutralizeLiquid("{% raw %}").find("{%") == std::string::npos);
    CHECK(neutralizeLiquid("{{{").find("{{") == std::string::npos);
    CHECK(neutralizeLiquid("{ a } 100%") == "{ a } 100%");
    CHECK(neutralizeLiquid("{") == "{");
}

TEST_CASE("WhatsApp's marks become Markdown's, and only where they are marks") {
    const std::vector<std::pair<const char*, const char*>> rows{
        {"tu *DNI* ya", "tu **DNI** ya"},
        {"*S/ 5,000.00*", "**S/ 5,000.00**"},
        {"*a* y *b*", "**a** y **b**"},
        {"~antes~ ahora", "~~antes~~ ahora"},
        {"**ya es Markdown**", "**ya es Markdown**"},
        {"2*3*4", "2*3*4"},
        {"* punto\n* otro", "* punto\n* otro"},
        {"*sin fin", "*sin fin"},
        {"*dos\nlíneas*", "*dos\nlíneas*"},
        {"*", "*"},
        {"", ""},
    };
    for (const auto& [given, wanted] : rows) CHECK(whatsappToMarkdown(given) == wanted);
}
