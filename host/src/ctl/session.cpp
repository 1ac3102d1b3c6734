#include "ctl/session.hpp"

#include <filesystem>
#include <iterator>

#include "config/file_text.hpp"

namespace totemd {

namespace {

constexpr std::size_t kMaxInput = 64 * 1024 * 1024;
constexpr const char* kServiceCredentials = "/run/credentials/totemd.service";

/// A listener on every address is reached over loopback.
std::string reachable(const std::string& address) {
    for (const auto& [any, loopback] : {std::pair{"0.0.0.0:", "127.0.0.1:"}, {"[::]:", "[::1]:"}})
        if (address.starts_with(any)) return loopback + address.substr(std::string(any).size());
    return address;
}

std::string firstLine(const std::string& text) {
    return text.substr(0, text.find_first_of("\r\n"));
}

}  // namespace

ConfigSources Session::sources() const {
    ConfigSources sources;
    sources.environment = surroundings_.environment;
    sources.credentialsOptional = true;
    std::error_code error;
    if (!sources.environment("CREDENTIALS_DIRECTORY") &&
        std::filesystem::is_directory(kServiceCredentials, error))
        sources.credentialsDirectory = kServiceCredentials;
    return sources;
}

const LoadedConfig& Session::configuration() const {
    if (!configuration_) configuration_ = loadConfiguration(options_.configFile, sources());
    return *configuration_;
}

std::string Session::address() const {
    if (!options_.admin.empty()) return options_.admin;
    if (auto given = surroundings_.environment("TOTEM_ADMIN"); given && !given->empty())
        return *given;
    const LoadedConfig& loaded = configuration();
    if (loaded.files.empty()) {
        if (options_.configGiven) throw CommandError(loaded.problems.front().text(), 2);
        return "127.0.0.1:9678";
    }
    const std::string& address = loaded.admin.address;
    if (address.empty())
        throw CommandError(options_.configFile +
                               " has no listeners.admin.address: name the admin listener with "
                               "--admin HOST:PORT",
                           2);
    if (address.ends_with(":0"))
        throw CommandError("listeners.admin.address of " + options_.configFile +
                               " leaves the port to the system: take it from the daemon's log and "
                               "give it with --admin HOST:PORT",
                           2);
    return reachable(address);
}

std::pair<std::string, std::string> Session::token() const {
    if (!options_.tokenFile.empty())
        return {firstLine(readInput(options_.tokenFile)), options_.tokenFile};
    if (auto given = surroundings_.environment("TOTEM_ADMIN_TOKEN"); given && !given->empty())
        return {*given, "TOTEM_ADMIN_TOKEN"};
    return {firstLine(configuration().admin.token), options_.configFile};
}

AdminClient Session::client() const {
    const std::string where = address();
    auto [text, source] = token();
    return {where, text, source,
            std::chrono::milliseconds(static_cast<std::int64_t>(options_.timeoutSeconds * 1000))};
}

std::string Session::readInput(const std::string& file) const {
    if (file == "-")
        return {std::istreambuf_iterator<char>(surroundings_.in), std::istreambuf_iterator<char>()};
    FileText read = readFileText(file, kMaxInput);
    if (!read.error.empty()) throw CommandError(file + " " + read.error, 2);
    return std::move(read.text);
}

void Session::show(const OutputJson& answer, const std::function<void(const OutputJson&)>& human) {
    if (options_.json) {
        out() << answer.dump(2, ' ', false, OutputJson::error_handler_t::replace) << "\n";
    } else {
        human(answer);
    }
}

}  // namespace totemd
