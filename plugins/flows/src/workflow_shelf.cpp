#include "workflow_shelf.hpp"

#include <fstream>
#include <sstream>

#include <totem/status.hpp>

namespace totem::flows {
namespace fs = std::filesystem;

WorkflowShelf::Change WorkflowShelf::refresh() {
    Change change;
    std::map<std::string, Seen> now;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
        if (entry.path().extension() != ".json") continue;
        const std::string file = entry.path().string();
        Seen seen{entry.last_write_time(ignored), entry.file_size(ignored), {}};
        auto before = seen_.find(file);
        if (before != seen_.end() && before->second.time == seen.time && before->second.size == seen.size) {
            now[file] = before->second;
            continue;
        }
        std::ifstream stream(file);
        std::stringstream text;
        text << stream.rdbuf();
        try {
            auto workflow = std::make_shared<Workflow>(parseWorkflow(text.str()));
            workflow->file = file;
            seen.id = workflow->id;
            change.read.push_back(std::move(workflow));
        } catch (const std::exception& error) {
            change.problems.push_back(file + ": " + error.what());
        }
        now[file] = seen;
    }
    std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [file, seen] : seen_) {
        if (now.count(file) != 0 || seen.id.empty()) continue;
        workflows_.erase(seen.id);
        change.removed = true;
    }
    seen_ = std::move(now);
    return change;
}

void WorkflowShelf::publish(WorkflowPtr workflow) {
    std::lock_guard<std::mutex> lock(mutex_);
    workflows_[workflow->id] = std::move(workflow);
}

WorkflowPtr WorkflowShelf::find(const std::string& idOrName) const {
    std::lock_guard<std::mutex> lock(mutex_);
    auto found = workflows_.find(idOrName);
    if (found != workflows_.end()) return found->second;
    for (const auto& [id, workflow] : workflows_) {
        if (workflow->name == idOrName) return workflow;
    }
    return nullptr;
}

std::vector<WorkflowPtr> WorkflowShelf::all() const {
    std::vector<WorkflowPtr> list;
    std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [id, workflow] : workflows_) list.push_back(workflow);
    return list;
}

std::string WorkflowShelf::save(const Workflow& workflow, const std::string& text) const {
    std::string name;
    for (const char c : workflow.id) name += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' ? c : '_';
    const WorkflowPtr known = find(workflow.id);
    const fs::path file = known && !known->file.empty() ? fs::path(known->file) : folder_ / (name + ".json");
    const fs::path fresh = file.string() + ".new";
    std::error_code error;
    fs::create_directories(folder_, error);
    std::ofstream stream(fresh, std::ios::trunc);
    stream << text << std::flush;
    if (!stream) throw Failure(Status::kUnavailable, folder_.string() + ": cannot be written; the daemon's user needs write access to the flows' folder");
    stream.close();
    fs::rename(fresh, file, error);
    if (error) throw Failure(Status::kUnavailable, file.string() + ": cannot be written: " + error.message());
    return file.string();
}

}  // namespace totem::flows
