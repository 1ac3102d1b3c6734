#include <totem/json.hpp>
#include <totem/plugin.hpp>

/// Answers GET /hello and offers the action hello.greet.
class Hello : public totem::Plugin {
public:
    explicit Hello(const totem::Init& init) : Plugin(init) {
        onRoute("hello", [](const totem::Request&) { return totem::Response::text("Hello!\n"); });
        onAction("hello.greet", totem::json([](const totem::Json& input) {
            return totem::Json{{"text", "Hello, " + input.at("name").get<std::string>() + "!"}};
        }));
    }
};

TOTEM_PLUGIN(Hello);
