#include <totem/json.hpp>
#include <totem/plugin.hpp>

/// Answers GET /@ID@ and offers the action @ID@.greet.
class @CLASS@ : public totem::Plugin {
public:
    explicit @CLASS@(const totem::Init& init) : Plugin(init) {
        const auto config = totem::Json::parse(init.config);
        word_ = config.value("greeting", "Hello");
        onRoute("greet", [this](const totem::Request&) {
            return totem::Response::text(word_ + ", stranger!\n");
        });
        onAction("@ID@.greet", totem::json([this](const totem::Json& input) {
            return totem::Json{{"text", word_ + ", " + input.at("name").get<std::string>() + "!"}};
        }));
    }

private:
    std::string word_;
};

TOTEM_PLUGIN(@CLASS@);
