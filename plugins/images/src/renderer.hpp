#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <totem/log.hpp>
#include <totem/metrics.hpp>
#include <totem/workers.hpp>

#include "crew.hpp"
#include "render_job.hpp"
#include "source_index.hpp"

namespace totem::images {

/// What came of a job.
struct Rendered {
    enum class State {
        kMade,
        kRefused,      ///< the picture is to blame: too large, broken
        kChanged,      ///< the file is not what the source says any more
        kBusy,         ///< too many wait already
        kUnavailable,  ///< no worker program here, or it cannot be started
        kFailed,       ///< the worker died over it or took too long
    };
    State state = State::kFailed;
    std::string reason;  ///< for the log; of kRefused: the worker's word for it
    RenderReply reply;
    std::shared_ptr<const Fd> file;  ///< the outputs, one after the other
    std::string_view bytes;          ///< the same, mapped as long as `mapping` lives
    std::shared_ptr<const void> mapping;

    /// Where the output lies in the file.
    std::uint64_t offsetOf(std::size_t output) const;
    std::string_view output(std::size_t output) const;
};

/// Has renditions made by the worker program: one computation for a key however many ask for it,
/// so many at a time, those that somebody waits for before those made ahead.
///
/// Threads: any; `Done` runs on the crew.
class Renderer {
public:
    using Done = std::function<void(const Rendered&)>;
    enum class Haste { kNow, kLater };

    struct Bounds {
        unsigned atOnce = 1;
        std::size_t queue = 64;        ///< jobs that somebody waits for
        std::size_t laterQueue = 512;  ///< made ahead; beyond: not made
        std::uint64_t sourceBytes = 0, pdfBytes = 0;
    };

    Renderer(const totem_host* host, const Log& log, Crew& crew, Bounds bounds);

    void ask(std::string key, std::shared_ptr<const Source> source, RenderJob job, Haste haste,
             Done done);
    /// Begins nothing any more; what is under way ends.
    void drain();
    /// Whether a job of that key waits or is under way, so that asking for it costs nothing.
    bool has(const std::string& key) const;
    /// How many wait for jobs, each asker counted.
    std::size_t waiting() const;

private:
    struct Job {
        std::string key;
        std::shared_ptr<const Source> source;
        RenderJob job;
        Haste haste = Haste::kNow;
        bool running = false;
        std::vector<Done> waiting;
    };
    using Jobs = std::deque<std::shared_ptr<Job>>;

    void pump();
    void run(const std::shared_ptr<Job>& job);
    void finish(const std::shared_ptr<Job>& job, Rendered rendered);
    static Rendered readAnswer(Answer& answer, const RenderJob& job);

    const Log& log_;
    Crew& crew_;
    const Bounds bounds_;
    const Workers workers_;
    Metric made_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<Job>> byKey_;  // guarded by mutex_
    Jobs now_, later_;                                             // guarded by mutex_
    unsigned running_ = 0, runningLater_ = 0;                      // guarded by mutex_
    bool draining_ = false;                                        // guarded by mutex_
};

}  // namespace totem::images
