#include "renderer.hpp"

#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <fcntl.h>
#include <algorithm>
#include <cerrno>

#include "signature.hpp"

namespace totem::images {
namespace {

/// A sealed copy of the source: what the worker decodes is what was hashed, whatever becomes of the
/// file meanwhile. -1 when it cannot be made.
Fd sealedCopy(const Source& source) {
    Fd copy(memfd_create("picture", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!copy) return {};
    off_t offset = 0;
    while (static_cast<std::uint64_t>(offset) < source.size) {
        const ssize_t n = sendfile(copy.get(), source.fd->get(), &offset,
                                   source.size - static_cast<std::uint64_t>(offset));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return {};
    }
    constexpr int kSeals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    if (fcntl(copy.get(), F_ADD_SEALS, kSeals) != 0) return {};
    return copy;
}

Rendered failure(Rendered::State state, std::string reason) {
    Rendered rendered;
    rendered.state = state;
    rendered.reason = std::move(reason);
    return rendered;
}

const char* nameOf(Rendered::State state) {
    switch (state) {
        case Rendered::State::kMade:
            return "made";
        case Rendered::State::kRefused:
            return "refused";
        case Rendered::State::kChanged:
            return "changed";
        case Rendered::State::kBusy:
            return "busy";
        case Rendered::State::kUnavailable:
            return "unavailable";
        case Rendered::State::kFailed:
            break;
    }
    return "failed";
}

}  // namespace

std::uint64_t Rendered::offsetOf(std::size_t output) const {
    std::uint64_t offset = 0;
    for (std::size_t i = 0; i < output; ++i) offset += reply.outputs[i].length;
    return offset;
}

std::string_view Rendered::output(std::size_t output) const {
    return bytes.substr(offsetOf(output), reply.outputs[output].length);
}

Renderer::Renderer(const totem_host* host, const Log& log, Crew& crew, Bounds bounds)
    : log_(log),
      crew_(crew),
      bounds_(bounds),
      workers_(host),
      made_(Metrics(host).counter("images_renditions_total", "Jobs of the picture workers")) {}

void Renderer::ask(std::string key, std::shared_ptr<const Source> source, RenderJob job,
                   Haste haste, Done done) {
    {
        std::lock_guard lock(mutex_);
        const auto found = byKey_.find(key);
        if (found != byKey_.end()) {
            Job& same = *found->second;
            same.waiting.push_back(std::move(done));
            if (haste == Haste::kNow && same.haste == Haste::kLater && !same.running) {
                same.haste = Haste::kNow;
                const auto at = std::find(later_.begin(), later_.end(), found->second);
                if (at != later_.end()) later_.erase(at);
                now_.push_back(found->second);
            }
            return;
        }
        Jobs& queue = haste == Haste::kNow ? now_ : later_;
        const std::size_t most = haste == Haste::kNow ? bounds_.queue : bounds_.laterQueue;
        if (!draining_ && queue.size() < most) {
            auto made = std::make_shared<Job>();
            made->key = key;
            made->source = std::move(source);
            made->job = std::move(job);
            made->haste = haste;
            made->waiting.push_back(std::move(done));
            done = nullptr;
            byKey_[std::move(key)] = made;
            queue.push_back(std::move(made));
        }
    }
    if (done) {
        made_.count({{"outcome", "busy"}});
        crew_.post([done = std::move(done)] {
            done(failure(Rendered::State::kBusy, "too many renditions wait"));
        });
        return;
    }
    pump();
}

/// What is made ahead takes at most half of the workers, and none while somebody waits.
void Renderer::pump() {
    std::vector<std::shared_ptr<Job>> begun;
    {
        std::lock_guard lock(mutex_);
        const unsigned mostLater = std::max(1u, bounds_.atOnce / 2);
        while (running_ < bounds_.atOnce) {
            Jobs* from = !now_.empty()                                                ? &now_
                         : !later_.empty() && runningLater_ < mostLater && !draining_ ? &later_
                                                                                      : nullptr;
            if (from == nullptr) break;
            auto job = std::move(from->front());
            from->pop_front();
            job->running = true;
            ++running_;
            if (job->haste == Haste::kLater) ++runningLater_;
            begun.push_back(std::move(job));
        }
    }
    for (auto& job : begun) {
        crew_.post([this, job = std::move(job)] { run(job); });
    }
}

void Renderer::run(const std::shared_ptr<Job>& job) {
    const Fd copy = sealedCopy(*job->source);
    if (!copy)
        return finish(job, failure(Rendered::State::kChanged, "the source cannot be copied"));
    // The file may have been written over in its place since it was hashed.
    if (contentHash(copy.get()) != job->source->hash) {
        job->source->stale = true;
        return finish(job, failure(Rendered::State::kChanged, "the source has changed"));
    }
    const char* worker = job->job.kind == Kind::kPdf ? "pdf" : "picture";
    workers_.ask(worker, 0, job->job.text(), copy.get()).then([this, job](Answer answer) {
        auto shared = std::make_shared<Answer>(std::move(answer));
        crew_.post([this, job, shared] { finish(job, readAnswer(*shared, job->job)); });
    });
}

Rendered Renderer::readAnswer(Answer& answer, const RenderJob& job) {
    switch (answer.status) {
        case Status::kOk:
            break;
        case Status::kNotFound:
        case Status::kUnavailable:
        case Status::kCancelled:
            return failure(Rendered::State::kUnavailable, std::string(answer.text()));
        case Status::kBusy:
            return failure(Rendered::State::kBusy, std::string(answer.text()));
        default:
            return failure(Rendered::State::kFailed, std::string(answer.text()));
    }
    // The worker has read a stranger's file: nothing it says is taken on trust.
    Rendered rendered;
    try {
        rendered.reply = RenderReply::parse(answer.text());
    } catch (const std::exception&) {
        return failure(Rendered::State::kFailed, "the worker's reply cannot be read");
    }
    if (!rendered.reply.refused.empty()) {
        rendered.state = Rendered::State::kRefused;
        rendered.reason = rendered.reply.refused == "too-large" ? "too-large" : "broken";
        return rendered;
    }
    const totem_body* raw = answer.body.raw();
    std::uint64_t total = 0;
    for (const auto& output : rendered.reply.outputs) {
        if (output.length == 0 || output.length > (1u << 30))
            return failure(Rendered::State::kFailed, "the worker's reply makes no sense");
        total += output.length;
    }
    if (rendered.reply.outputs.size() != job.outputs.size() ||
        (total != 0 && (raw->fd < 0 || raw->length != total))) {
        return failure(Rendered::State::kFailed, "the worker's file does not match its reply");
    }
    rendered.state = Rendered::State::kMade;
    if (total == 0) return rendered;
    void* mapped = mmap(nullptr, total, PROT_READ, MAP_SHARED, raw->fd, 0);
    Fd own(fcntl(raw->fd, F_DUPFD_CLOEXEC, 0));
    if (mapped == MAP_FAILED || !own)
        return failure(Rendered::State::kFailed, "the worker's file cannot be mapped");
    rendered.mapping = std::shared_ptr<const void>(
        mapped, [total](const void* at) { munmap(const_cast<void*>(at), total); });
    rendered.bytes = {static_cast<const char*>(mapped), total};
    rendered.file = std::make_shared<const Fd>(std::move(own));
    return rendered;
}

void Renderer::finish(const std::shared_ptr<Job>& job, Rendered rendered) {
    made_.count({{"outcome", nameOf(rendered.state)}});
    if (rendered.state != Rendered::State::kMade && rendered.state != Rendered::State::kBusy) {
        log_.warning("rendition.failed", {{"file", job->source->path},
                                          {"outcome", nameOf(rendered.state)},
                                          {"reason", rendered.reason}});
    }
    std::vector<Done> waiting;
    {
        std::lock_guard lock(mutex_);
        byKey_.erase(job->key);
        waiting.swap(job->waiting);
        --running_;
        if (job->haste == Haste::kLater) --runningLater_;
    }
    pump();
    for (const Done& done : waiting) {
        try {
            done(rendered);
        } catch (const std::exception& error) {
            log_.error("rendition.failed", {{"file", job->source->path}, {"reason", error.what()}});
        }
    }
}

void Renderer::drain() {
    Jobs dropped;
    {
        std::lock_guard lock(mutex_);
        draining_ = true;
        dropped.swap(later_);
        for (const auto& job : dropped) byKey_.erase(job->key);
    }
}

bool Renderer::has(const std::string& key) const {
    std::lock_guard lock(mutex_);
    return byKey_.count(key) != 0;
}

std::size_t Renderer::waiting() const {
    std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const auto& [key, job] : byKey_) count += job->waiting.size();
    return count;
}

}  // namespace totem::images
