// The plugin on a fake host: no daemon, no network, and time that passes only when the test says so.
// totem/testing/fake_host.hpp has more: scripted HTTP, a clock, missing extensions.

#include <cstdio>
#include <exception>
#include <totem/testing/loaded_plugin.hpp>

using namespace totem::testing;

namespace {

int failures = 0;

void check(const std::string& found, const std::string& wanted) {
    if (found == wanted) return;
    std::printf("expected \"%s\", got \"%s\"\n", wanted.c_str(), found.c_str());
    ++failures;
}

void greets() {
    FakeHost host;
    LoadedPlugin plugin(host, PLUGIN_FOLDER, {{"greeting", "Hola"}});
    check(plugin.get("/@ID@").reply().content, "Hola, stranger!\n");
    const totem::Json greeted = plugin.act("@ID@.greet", {{"name", "Ana"}}).reply().json();
    check(greeted.at("text").get<std::string>(), "Hola, Ana!");
    plugin.stop();
    for (const std::string& problem : host.problems()) check(problem, "no problem");
}

}  // namespace

int main() {
    try {
        greets();
    } catch (const std::exception& error) {
        check(error.what(), "no exception");
    }
    return failures == 0 ? 0 : 1;
}
