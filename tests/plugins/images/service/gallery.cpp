#include "gallery.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace totem_test {
namespace fs = std::filesystem;
using nlohmann::json;

Gallery::Gallery(const json& config) {
    std::string name = (fs::temp_directory_path() / "totem-gallery-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
    folder_ = name;
    fs::create_directories(root());
    json own{{"root", (folder_ / "root").string()},
             {"cache", {{"directory", cache().string()}}},
             {"presets_ahead", false},
             {"tokens", {kToken}}};
    own.merge_patch(config);
    daemon_ = std::make_unique<TestDaemon>(
        json{{"listeners", {{"images", {{"address", "127.0.0.1:0"}, {"plugins", {"images"}}}}}},
             {"plugins", {{"images", {{"config", own}}}}}});
}

Gallery::~Gallery() {
    daemon_.reset();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

void Gallery::file(const std::string& path, const std::string& bytes) const {
    const fs::path target = root() / path;
    fs::create_directories(target.parent_path());
    const fs::path fresh = folder_ / "fresh";
    std::ofstream(fresh, std::ios::binary) << bytes;
    fs::rename(fresh, target);
}

HttpReply Gallery::get(const std::string& path, const Headers& headers) const {
    return ask("GET", "/api/catalogos/" + path, {}, headers);
}

HttpReply Gallery::ask(const std::string& method, const std::string& target,
                       const std::string& body, const Headers& headers) const {
    return daemon_->ask("images", method, target, body, headers);
}

HttpReply Gallery::write(const std::string& method, const std::string& target,
                         const std::string& body, Headers headers) const {
    headers.emplace_back("Authorization", std::string("Bearer ") + kToken);
    return ask(method, target, body, headers);
}

int Gallery::renditions(const std::string& outcome) const {
    std::istringstream lines(daemon_->get("admin", "/metrics").body);
    double count = 0;
    for (std::string line; std::getline(lines, line);) {
        const bool meant = line.find("images_renditions_total{") != std::string::npos &&
                           (outcome.empty() || line.find('"' + outcome + '"') != std::string::npos);
        if (meant) count += std::stod(line.substr(line.rfind(' ')));
    }
    return static_cast<int>(count);
}

std::vector<int> Gallery::workers() const {
    std::vector<int> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        std::ifstream command(entry.path() / "cmdline"), status(entry.path() / "stat");
        const std::string words{std::istreambuf_iterator<char>(command), {}};
        const std::string stat{std::istreambuf_iterator<char>(status), {}};
        const std::size_t end = stat.rfind(") ");
        if (end == std::string::npos || words.find("totem-picture-worker") == std::string::npos)
            continue;
        int parent = 0;
        char state = 0;
        std::istringstream(stat.substr(end + 2)) >> state >> parent;
        if (parent == daemon_->pid() && state != 'Z') found.push_back(std::stoi(name));
    }
    return found;
}

}  // namespace totem_test
