// Runs the outside world alone, for tests and measurements that want it in a process of its own:
// sandbox_world [SETTINGS.json]. Prints the bound ports as one line of JSON and serves until it is
// told to end (SIGTERM, SIGINT).

#include "world/world.hpp"

#include <nlohmann/json.hpp>

#include <csignal>
#include <exception>
#include <fstream>
#include <iostream>

int main(int argc, char** argv) {
    // Before any thread starts, so that all inherit it and only sigwait sees the signals.
    sigset_t end;
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigaddset(&end, SIGINT);
    pthread_sigmask(SIG_BLOCK, &end, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    try {
        nlohmann::json config = totem_sandbox::World::demo();
        if (argc > 1) {
            std::ifstream file(argv[1]);
            if (!file) throw std::runtime_error(std::string(argv[1]) + ": cannot be read");
            config = nlohmann::json::parse(file, nullptr, true, true);
        }
        totem_sandbox::World world(config);
        world.start();
        const totem_sandbox::WorldPorts ports = world.ports();
        std::cout << nlohmann::json{{"chatwoot", ports.chatwoot},
                                    {"evolution", ports.evolution},
                                    {"fnb", ports.fnb},
                                    {"gaso", ports.gaso},
                                    {"page", ports.page}}
                  << std::endl;
        int signal = 0;
        sigwait(&end, &signal);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "sandbox_world: " << error.what() << "\n";
        return 2;
    }
}
