#include <stdexcept>
#include <totem/json.hpp>
#include <totem/plugin.hpp>

/// Answers GET /outside/hello, throws at /outside/throw, and offers the action outside.greet.
class Outside : public totem::Plugin {
public:
    explicit Outside(const totem::Init& init) : Plugin(init) {
        onRoute("outside", [](const totem::Request& request) {
            if (request.path() == "/outside/throw") throw std::runtime_error("thrown outside");
            return totem::Response::text("Hello!\n");
        });
        onAction("outside.greet", totem::json([](const totem::Json& input) {
            return totem::Json{{"text", "Hello, " + input.at("name").get<std::string>() + "!"}};
        }));
    }
};

TOTEM_PLUGIN(Outside);
