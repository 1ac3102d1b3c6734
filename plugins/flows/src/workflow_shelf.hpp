#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "workflow.hpp"

namespace totem::flows {

/// The workflow files of one folder. Files are read again when their time or size changes.
///
/// Threads: `refresh` from one at a time, the rest from any.
class WorkflowShelf {
public:
    explicit WorkflowShelf(std::filesystem::path folder) : folder_(std::move(folder)) {}

    struct Change {
        std::vector<std::shared_ptr<Workflow>> read;  ///< publish() or putBack() each
        std::vector<std::string> problems;            ///< files that are no workflow
        bool removed = false;
    };
    /// Looks at the folder; a file that is the same as before is not read. A folder that cannot be
    /// read changes nothing.
    Change refresh();
    /// Unless a newer one of that file is up already.
    void publish(WorkflowPtr workflow);
    /// It could not be loaded for now: a later refresh gives it again, each time later.
    void putBack(const Workflow& workflow);
    /// An active workflow was read of which no version is up yet: who starts it is not known.
    bool awaitsOne() const;

    /// By id, else by name.
    WorkflowPtr find(const std::string& idOrName) const;
    std::vector<WorkflowPtr> all() const;

    /// Writes a file for the workflow, whole or not at all, and notes it there. Throws Failure.
    void save(Workflow& workflow, const std::string& text);

private:
    struct Seen {
        std::filesystem::file_time_type time;
        std::uintmax_t size = 0;
        std::string id;
        int failures = 0;  ///< to be loaded
        int pause = 0;     ///< refreshes until it is given again; 0: not put back
        bool awaited = false;
    };

    std::vector<std::string> takeOver(std::map<std::string, Seen> now, Change& change);
    void read(const std::string& file, Change& change);
    std::uint64_t nextReading();

    const std::filesystem::path folder_;
    mutable std::mutex mutex_;
    std::uint64_t readings_ = 0;                    // guarded by mutex_
    std::map<std::string, Seen> seen_;              // by file; guarded by mutex_
    std::map<std::string, WorkflowPtr> workflows_;  // by id; guarded by mutex_
};

}  // namespace totem::flows
