#include "workflow_shelf.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <totem/status.hpp>

namespace totem::flows {
namespace fs = std::filesystem;

namespace {

constexpr int kLongestPause = 16;

std::string textOf(const std::string& file) {
    std::ifstream stream(file);
    std::stringstream text;
    text << stream.rdbuf();
    return text.str();
}

}  // namespace

WorkflowShelf::Change WorkflowShelf::refresh() {
    Change change;
    std::map<std::string, Seen> now;
    std::error_code error;
    for (fs::directory_iterator entry(folder_, error), end; !error && entry != end;
         entry.increment(error)) {
        if (entry->path().extension() != ".json") continue;
        std::error_code ignored;
        Seen& seen = now[entry->path().string()];
        seen.time = entry->last_write_time(ignored);
        seen.size = entry->file_size(ignored);
    }
    if (error) {
        // Better yesterday's flows than none: whoever writes meanwhile would get no answer.
        if (!all().empty()) change.problems.push_back(folder_.string() + ": " + error.message());
        return change;
    }
    for (const std::string& file : takeOver(std::move(now), change)) read(file, change);
    return change;
}

/// The files to be read; forgets those that are gone.
std::vector<std::string> WorkflowShelf::takeOver(std::map<std::string, Seen> now, Change& change) {
    std::vector<std::string> due;
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto& [file, seen] : now) {
        auto before = seen_.find(file);
        const bool changed = before == seen_.end() || before->second.time != seen.time ||
                             before->second.size != seen.size;
        if (before != seen_.end()) {
            seen.id = before->second.id;
            seen.awaited = before->second.awaited;
            if (!changed) seen = before->second;
        }
        if (changed || (seen.pause > 0 && --seen.pause == 0)) due.push_back(file);
    }
    seen_.swap(now);
    for (const auto& [file, seen] : now) {
        auto found = workflows_.find(seen.id);
        if (seen_.count(file) != 0 || found == workflows_.end()) continue;
        if (found->second->file != file) continue;
        workflows_.erase(found);
        change.removed = true;
    }
    return due;
}

void WorkflowShelf::read(const std::string& file, Change& change) {
    std::shared_ptr<Workflow> workflow;
    const std::uint64_t reading = nextReading();
    try {
        workflow = std::make_shared<Workflow>(parseWorkflow(textOf(file)));
        workflow->file = file;
        workflow->reading = reading;
    } catch (const std::exception& error) {
        change.problems.push_back(file + ": " + error.what());
    }
    std::lock_guard<std::mutex> lock(mutex_);
    Seen& seen = seen_[file];
    seen.awaited = workflow && workflow->active && workflows_.count(workflow->id) == 0;
    if (!workflow) return;
    seen.id = workflow->id;
    change.read.push_back(std::move(workflow));
}

std::uint64_t WorkflowShelf::nextReading() {
    std::lock_guard<std::mutex> lock(mutex_);
    return ++readings_;
}

void WorkflowShelf::publish(WorkflowPtr workflow) {
    std::lock_guard<std::mutex> lock(mutex_);
    auto seen = seen_.find(workflow->file);
    if (seen == seen_.end()) return;  // its file has gone meanwhile
    const bool outdated = std::any_of(workflows_.begin(), workflows_.end(), [&](const auto& entry) {
        return entry.second->file == workflow->file && entry.second->reading > workflow->reading;
    });
    if (outdated) return;
    seen->second.awaited = false;
    seen->second.failures = 0;
    for (auto old = workflows_.begin(); old != workflows_.end();) {
        const bool replaced = old->second->file == workflow->file && old->first != workflow->id;
        old = replaced ? workflows_.erase(old) : std::next(old);
    }
    workflows_[workflow->id] = std::move(workflow);
}

void WorkflowShelf::putBack(const Workflow& workflow) {
    std::lock_guard<std::mutex> lock(mutex_);
    auto seen = seen_.find(workflow.file);
    if (seen == seen_.end()) return;
    seen->second.pause = std::min(kLongestPause, 1 << std::min(seen->second.failures++, 10));
}

bool WorkflowShelf::awaitsOne() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return std::any_of(seen_.begin(), seen_.end(),
                       [](const auto& entry) { return entry.second.awaited; });
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

void WorkflowShelf::save(Workflow& workflow, const std::string& text) {
    std::string name;
    for (const char c : workflow.id)
        name += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' ? c : '_';
    const WorkflowPtr known = find(workflow.id);
    const fs::path file =
        known && !known->file.empty() ? fs::path(known->file) : folder_ / (name + ".json");
    const fs::path fresh = file.string() + ".new";
    std::error_code error;
    fs::create_directories(folder_, error);
    std::ofstream stream(fresh, std::ios::trunc);
    stream << text << std::flush;
    if (!stream)
        throw Failure(
            Status::kUnavailable,
            folder_.string() +
                ": cannot be written; the daemon's user needs write access to the flows' folder");
    stream.close();
    fs::rename(fresh, file, error);
    if (error)
        throw Failure(Status::kUnavailable,
                      file.string() + ": cannot be written: " + error.message());
    workflow.file = file.string();
    workflow.reading = nextReading();
}

}  // namespace totem::flows
