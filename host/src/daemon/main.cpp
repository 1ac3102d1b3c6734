// totemd: the life of the daemon. Options, then a Daemon, then signals until the end.

#include <pthread.h>
#include <signal.h>

#include <Poco/Util/Application.h>
#include <Poco/Util/HelpFormatter.h>
#include <Poco/Util/Option.h>
#include <Poco/Util/OptionSet.h>

#include <cstdlib>
#include <iostream>
#include <optional>

#include "config/loader.hpp"
#include "daemon/daemon.hpp"
#include "daemon/service_manager.hpp"

namespace {

using Poco::Util::Application;
using Poco::Util::Option;
using Poco::Util::OptionCallback;

constexpr int kConfigError = 78;  // EX_CONFIG: the unit does not restart on it

/// SIGTERM, SIGINT and SIGHUP are waited for by main, so no thread may take them.
sigset_t blockSignals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);  // a file at its size limit is a failed write, not the end
    return signals;
}

class Totemd : public Application {
protected:
    void defineOptions(Poco::Util::OptionSet& options) override {
        Application::defineOptions(options);
        add(options, "config", "the configuration file (default /etc/totemd/totemd.json)", "FILE",
            [this](const std::string& value) { file_ = value; });
        add(options, "check", "check the configuration and end: 0 when it can be used, 2 when not",
            "", [this](const std::string&) { check_ = true; });
        add(options, "safe", "load only plugins of the first folder of plugin_path", "",
            [this](const std::string&) { safe_ = true; });
        add(options, "version", "print the version and end", "", [this](const std::string&) {
            std::cout << "totemd " TOTEM_VERSION "\n";
            ended_ = true;
            stopOptionsProcessing();
        });
        add(options, "help", "print this help and end", "", [this](const std::string&) {
            Poco::Util::HelpFormatter help(this->options());
            help.setCommand("totemd");
            help.setUsage("[--config=FILE] [--check] [--safe] [--version]");
            help.setUnixStyle(true);
            help.format(std::cout);
            ended_ = true;
            stopOptionsProcessing();
        });
    }

    int main(const ArgVec&) override {
        if (ended_) return EXIT_OK;
        if (check_) {
            const totemd::ConfigCheck result = totemd::checkConfiguration(file_);
            (result.exitCode == 0 ? std::cout : std::cerr) << result.text;
            return result.exitCode;
        }
        const sigset_t signals = blockSignals();
        totemd::LoadedConfig loaded = totemd::loadConfiguration(file_);
        if (!loaded.configuration) {
            std::cerr << totemd::describe(loaded.problems);
            return kConfigError;
        }
        for (const auto& warning : loaded.warnings)
            std::cerr << "warning: " << warning.text() << "\n";
        try {
            totemd::Daemon daemon({file_, safe_}, std::move(*loaded.configuration));
            daemon.start();
            serve(daemon, signals);
        } catch (const std::exception& error) {
            std::cerr << "totemd: " << error.what() << "\n";
            return EXIT_SOFTWARE;
        }
        return EXIT_OK;
    }

private:
    void serve(totemd::Daemon& daemon, const sigset_t& signals) {
        totemd::ServiceManager manager([&daemon] { return daemon.alive(); });
        manager.ready();
        while (true) {
            int number = 0;
            if (sigwait(&signals, &number) != 0) continue;
            if (number == SIGHUP) {
                manager.reloading();
                daemon.reload();
                manager.ready();
                continue;
            }
            manager.stopping();
            if (!daemon.stop()) std::_Exit(EXIT_OK);  // threads of a plugin still use the daemon
            return;
        }
    }

    template <typename Action>
    void add(Poco::Util::OptionSet& options, const char* name, const char* description,
             const std::string& argument, Action action) {
        Option option(name, "", description);
        if (!argument.empty()) option.argument(argument);
        actions_[name] = action;
        options.addOption(option.callback(OptionCallback<Totemd>(this, &Totemd::take)));
    }
    void take(const std::string& name, const std::string& value) { actions_.at(name)(value); }

    std::map<std::string, std::function<void(const std::string&)>> actions_;
    std::string file_ = "/etc/totemd/totemd.json";
    bool check_ = false, safe_ = false, ended_ = false;
};

}  // namespace

int main(int argc, char** argv) {
    try {
        Poco::AutoPtr<Totemd> application = new Totemd;
        application->init(argc, argv);
        return application->run();
    } catch (const std::exception& error) {
        std::cerr << "totemd: " << error.what() << "; see totemd --help\n";
        return 64;
    }
}
