#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <totem/call.hpp>
#include <totem/health.hpp>
#include <totem/http.hpp>
#include <totem/log.hpp>
#include <totem/metrics.hpp>

#include "crew.hpp"
#include "disk_cache.hpp"
#include "file_root.hpp"
#include "hot_set.hpp"
#include "rate_limit.hpp"
#include "renderer.hpp"
#include "settings.hpp"
#include "source_index.hpp"
#include "wanted.hpp"

namespace totem::images {

/// Answers requests for files of the root: from memory on the calling thread where it can, else on
/// the crew from the disk, else by a rendition that the workers make.
///
/// Threads: `answer`, `changed` from anywhere; neither waits for anything.
class Pictures {
public:
    Pictures(const totem_host* host, const Log& log, const Settings& settings,
             const FileRoot& files, Crew& crew);

    /// Answers with the file that the address names.
    void answer(Call& call, const Request& request);
    /// Answers with this file, whatever the path of the address.
    void answer(Call& call, const Request& request, const std::string& path);

    /// The path, or anything below it, may mean something else now; empty: everything.
    void changed(const std::string& path);
    /// Whether `changed` is told of every change.
    void setWatched(bool watched) { watched_ = watched; }

    /// Makes the renditions of the presets that are not there yet.
    void makeAhead(const std::string& path);
    /// Looks at bytes that are to become a file: decodes them whole. `done` runs on the crew.
    void examine(std::shared_ptr<const Source> source, Renderer::Done done);

    /// Counts what was answered from memory since the last time, and says how many wait.
    void publishCounters();
    void drain() { renderer_.drain(); }

    SourceIndex& sources() { return sources_; }

private:
    struct Asked;
    using AskedPtr = std::shared_ptr<Asked>;
    enum class Verdict { kUseSource, kUseWebp, kTooLarge, kBroken };

    void begin(Call& call, const Request& request, std::optional<std::string> path);
    void find(const AskedPtr& asked);
    void decide(const AskedPtr& asked);
    bool mayAsk(const AskedPtr& asked);
    void sendSource(const AskedPtr& asked);
    void sendRendition(const AskedPtr& asked, const Rendition& rendition, bool interim);
    void make(const AskedPtr& asked, const Rendition& rendition, bool interim);
    void made(const AskedPtr& asked, const Rendition& rendition, bool interim,
              const Rendered& rendered);
    void notMade(const AskedPtr& asked, Rendered::State state);
    void makeAvifLater(const AskedPtr& asked, const Rendition& rendition,
                       const std::shared_ptr<const Ready>& interim);
    void send(const AskedPtr& asked, const std::shared_ptr<const Ready>& ready, bool original,
              bool remember);
    void refuse(const AskedPtr& asked, int status, std::string_view sentence);
    void later(const AskedPtr& asked, int status, std::string_view sentence, const char* seconds);
    RenderJob jobFor(const Source& source) const;
    std::string cacheControl(const Asked& asked) const;
    std::optional<Verdict> verdict(const std::string& key);
    void setVerdict(const std::string& key, Verdict verdict);
    bool keep(const std::string& key, std::string_view bytes);
    void reportWorkers(Rendered::State state);

    const Log& log_;
    const Settings& settings_;
    const FileRoot& files_;
    Crew& crew_;
    const Health health_;
    SourceIndex sources_;
    DiskCache disk_;
    HotSet hot_;
    RateLimit rate_;
    Renderer renderer_;
    std::atomic<bool> watched_{false};
    Metric answers_, waiting_;
    std::atomic<std::uint64_t> hits_{0};
    std::atomic<bool> diskWarned_{false};

    std::mutex verdictsMutex_;
    std::unordered_map<std::string, Verdict> verdicts_;  // guarded by verdictsMutex_
};

}  // namespace totem::images
