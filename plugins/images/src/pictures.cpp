#include "pictures.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>

#include "answers.hpp"
#include "clock.hpp"
#include "media_type.hpp"
#include "request_path.hpp"
#include "signature.hpp"

namespace totem::images {
namespace {

/// Content up to this size lies in memory, beyond it in a file whose pages the system keeps.
constexpr std::uint64_t kInMemory = 16 * 1024;
constexpr std::size_t kMostVerdicts = 20'000;
/// Of the hash, in a version: enough that no two contents of one path share it.
constexpr std::size_t kVersionDigits = 8;

unsigned atOnce(const Settings& settings) {
    if (settings.limits.transformations > 0)
        return static_cast<unsigned>(settings.limits.transformations);
    return std::max(1u, std::thread::hardware_concurrency());
}

/// How many files the hot set may hold open: a quarter of what the process may.
std::size_t mostOpenFiles() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    return std::clamp<std::size_t>(limit.rlim_cur / 8, 64, 2048);
}

std::string readRange(const Fd& fd, std::uint64_t size) {
    std::string bytes(size, '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t n =
            pread(fd.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        done += static_cast<std::size_t>(n);
    }
    bytes.resize(done);
    return bytes;
}

std::string keyOf(const Source& source, const Rendition& rendition) {
    return source.hash + "-" + rendition.canonical();
}

}  // namespace

/// One request, or one look at an answer that has become old, until it is answered.
struct Pictures::Asked {
    Asked(Call given, const Request& view) : call(std::move(given)), request(view) {}

    Call call;        // answered: nobody waits, only the hot set is to be renewed
    Request request;  // not to be touched once the call is answered
    std::string key;  // of the hot set
    std::optional<std::string> path;
    std::string query, peer;
    ListenerPolicy policy;
    Accepts accepts = Accepts::kOriginal;
    Wanted wanted;
    std::shared_ptr<const Source> source;
    int attempts = 0;
};

Pictures::Pictures(const totem_host* host, const Log& log, const Settings& settings,
                   const FileRoot& files, Crew& crew)
    : log_(log),
      settings_(settings),
      files_(files),
      crew_(crew),
      health_(host),
      sources_(files, mostOpenFiles()),
      disk_(settings.cacheFolder, settings.cacheBytes),
      hot_(settings.memoryBytes, mostOpenFiles()),
      rate_(settings.limits.perClientPerMinute),
      renderer_(host, log, crew,
                {atOnce(settings), static_cast<std::size_t>(settings.limits.queue), 512,
                 settings.limits.sourceBytes, settings.limits.pdfBytes}),
      answers_(Metrics(host).counter("images_answers_total",
                                     "Pictures answered, by where they came from")),
      waiting_(Metrics(host).gauge("images_waiting", "Who waits for a rendition, each counted")) {}

void Pictures::answer(Call& call, const Request& request) {
    begin(call, request, std::nullopt);
}

void Pictures::answer(Call& call, const Request& request, const std::string& path) {
    begin(call, request, path);
}

/// On the HTTP loop, for a hit: no allocation but the answer's, no file, no lock that is held long.
void Pictures::begin(Call& call, const Request& request, std::optional<std::string> path) {
    const ListenerPolicy& policy = settings_.policy(request.listener());
    if (policy.readsNeedToken && !bearsToken(request, settings_.tokens)) {
        call.succeed(refusal(401, "Falta un token de acceso válido"));
        return;
    }
    const Accepts accepts = acceptsOf(request.header("Accept"));
    // One key for each answer that differs: who may see it, what it may be, what was asked.
    static thread_local std::string key;
    key.clear();
    key += static_cast<char>('0' + static_cast<int>(accepts));
    key += static_cast<char>('0' + static_cast<int>(policy.sizes));
    key += policy.readsNeedToken ? 'p' : 'o';
    if (path) {
        key.append(*path).append("?").append(request.query());
    } else {
        key += request.target();
    }
    const HotSet::Hit hit = hot_.find(key, trustNs(watched_));
    if (hit.ready && !hit.refresh) {
        hits_.fetch_add(1, std::memory_order_relaxed);
        call.succeed(hit.ready->answer(request));
        return;
    }
    Call owner = hit.ready ? Call(nullptr) : std::move(call);
    auto asked = std::make_shared<Asked>(std::move(owner), request);
    asked->key = key;
    asked->path = path ? std::move(path) : catalogPath(request.path());
    asked->query = request.query();
    asked->peer = request.peer();
    asked->policy = policy;
    asked->accepts = accepts;
    if (hit.ready) {
        // The old answer once more, and a new one for whoever comes next.
        hits_.fetch_add(1, std::memory_order_relaxed);
        call.succeed(hit.ready->answer(request));
    }
    crew_.post([this, asked = std::move(asked)] {
        try {
            find(asked);
        } catch (const Failure& failure) {
            refuse(asked, 400, failure.what());
        } catch (const std::exception& error) {
            log_.error("picture.failed", {{"reason", error.what()}});
            refuse(asked, 500, "Error interno. El registro del servidor dice por qué.");
        }
    });
}

void Pictures::find(const AskedPtr& asked) {
    if (!asked->path) return refuse(asked, 404, "Archivo no encontrado");
    asked->wanted = Wanted::parse(asked->query, settings_);
    if (!mayAsk(asked)) return;
    asked->source = sources_.get(*asked->path, watched_);
    if (!asked->source) {
        const bool folder = files_.kind(*asked->path) == FileRoot::Kind::kFolder;
        return folder ? refuse(asked, 400, "La ruta no es un archivo")
                      : refuse(asked, 404, "Archivo no encontrado");
    }
    decide(asked);
}

/// Whether what is asked may be asked here: a signature makes any size right, without one a public
/// listener gives a few.
bool Pictures::mayAsk(const AskedPtr& asked) {
    Wanted& wanted = asked->wanted;
    if (asked->policy.sizes == ListenerPolicy::Sizes::kAny || !wanted.free) {
        wanted.expires = 0;
        return true;
    }
    if (wanted.expires != 0 && unixSeconds() >= wanted.expires) {
        refuse(asked, 403, "La dirección ha caducado");
        return false;
    }
    if (isSigned(settings_.signingKeys, *asked->path, wanted.signedText(), wanted.signature))
        return true;
    if (asked->policy.sizes == ListenerPolicy::Sizes::kSnap && wanted.signature.empty()) {
        wanted.snap(settings_);
        wanted.expires = 0;
        return true;
    }
    refuse(asked, 403, "La dirección no está firmada para ese tamaño");
    return false;
}

void Pictures::decide(const AskedPtr& asked) {
    const Source& source = *asked->source;
    auto rendition = renditionFor(asked->wanted, source.kind, asked->accepts);
    if (!rendition) {
        if (asked->wanted.shaped && asked->wanted.shape.format != Format::kAuto)
            return refuse(asked, 422, "El archivo no es una imagen");
        return sendSource(asked);
    }
    const std::uint64_t most =
        source.kind == Kind::kPdf ? settings_.limits.pdfBytes : settings_.limits.sourceBytes;
    if (source.size > most) {
        return asked->wanted.shaped ? refuse(asked, 422, "La imagen es demasiado grande")
                                    : sendSource(asked);
    }
    bool interim = false;
    if (rendition->format == Format::kAvif && asked->wanted.shape.format == Format::kAuto) {
        // AVIF takes long: WebP is answered until it is there.
        if (!disk_.contains(keyOf(source, *rendition))) {
            interim = verdict(keyOf(source, *rendition)) != Verdict::kUseWebp;
            rendition->format = Format::kWebp;
        }
    }
    sendRendition(asked, *rendition, interim);
}

void Pictures::sendSource(const AskedPtr& asked) {
    const Source& source = *asked->source;
    Ready::About about;
    const std::string_view sniffed = mediaTypeOf(source.kind);
    about.type = sniffed.empty() ? mediaTypeOf(source.path) : sniffed;
    // A page or a script that calls itself a picture is for downloading.
    if (sniffed.empty()) about.type = "application/octet-stream";
    about.etag = '"' + source.hash + '"';
    about.modifiedNs = source.modifiedNs;
    about.cacheControl = cacheControl(*asked);
    about.varies = isNegotiated(asked->wanted, source.kind);
    about.isolated = source.kind != Kind::kPdf;
    about.attachment = sniffed.empty();
    std::shared_ptr<const Ready> ready;
    if (source.size <= kInMemory) {
        std::string bytes = readRange(*source.fd, source.size);
        if (bytes.size() != source.size) source.stale = true;
        ready = std::make_shared<const Ready>(std::move(about), std::move(bytes));
    } else {
        ready = std::make_shared<const Ready>(std::move(about), source.fd, 0, source.size);
    }
    answers_.count({{"from", "source"}});
    send(asked, ready, true, true);
}

void Pictures::sendRendition(const AskedPtr& asked, const Rendition& rendition, bool interim) {
    const std::string key = keyOf(*asked->source, rendition);
    if (const auto known = verdict(key)) {
        switch (*known) {
            case Verdict::kUseSource:
            case Verdict::kUseWebp:
                return sendSource(asked);
            case Verdict::kTooLarge:
            case Verdict::kBroken:
                if (!asked->wanted.shaped) return sendSource(asked);
                return refuse(asked, 422,
                              *known == Verdict::kTooLarge ? "La imagen es demasiado grande"
                                                           : "La imagen no se puede procesar");
        }
    }
    const auto stored = disk_.find(key);
    if (!stored) return make(asked, rendition, interim);
    answers_.count({{"from", "disk"}});
    Rendered rendered;
    rendered.state = Rendered::State::kMade;
    rendered.file = stored->fd;
    rendered.reply.outputs.push_back({stored->size, 0, 0});
    made(asked, rendition, interim, rendered);
}

RenderJob Pictures::jobFor(const Source& source) const {
    RenderJob job;
    job.kind = source.kind;
    job.pixels = settings_.limits.pixels;
    job.interlacedPixels = settings_.limits.interlacedPixels;
    job.frames = settings_.limits.frames;
    job.side = settings_.limits.side;
    return job;
}

void Pictures::make(const AskedPtr& asked, const Rendition& rendition, bool interim) {
    const std::string key = keyOf(*asked->source, rendition);
    if (!asked->call.answered() && !renderer_.has(key) &&
        !rate_.allows(asked->peer, monotonicNs())) {
        if (!asked->wanted.shaped) return sendSource(asked);
        return later(asked, 429, "Demasiados tamaños nuevos; intente en un minuto", "30");
    }
    RenderJob job = jobFor(*asked->source);
    job.outputs.push_back(rendition);
    renderer_.ask(
        key, asked->source, std::move(job), Renderer::Haste::kNow,
        [this, asked, rendition, interim](const Rendered& rendered) {
            reportWorkers(rendered.state);
            if (rendered.state == Rendered::State::kMade) {
                answers_.count({{"from", "made"}});
                made(asked, rendition, interim, rendered);
            } else if (rendered.state == Rendered::State::kRefused) {
                setVerdict(keyOf(*asked->source, rendition),
                           rendered.reason == "too-large" ? Verdict::kTooLarge : Verdict::kBroken);
                sendRendition(asked, rendition, interim);
            } else {
                notMade(asked, rendered.state);
            }
        });
}

/// A rendition is there, in a file that is kept or in the worker's.
void Pictures::made(const AskedPtr& asked, const Rendition& rendition, bool interim,
                    const Rendered& rendered) {
    const Source& source = *asked->source;
    const std::string key = keyOf(source, rendition);
    const std::uint64_t size = rendered.reply.outputs.front().length;
    const bool sourceWillDo = asked->wanted.shape.format == Format::kAuto && isPicture(source.kind);
    if (size >= source.size && sourceWillDo) {
        setVerdict(key, Verdict::kUseSource);
        return sendSource(asked);
    }
    bool kept = true;
    if (!rendered.bytes.empty() && !disk_.contains(key)) kept = keep(key, rendered.bytes);
    Ready::About about;
    about.type = mediaTypeOf(rendition.format);
    about.etag = '"' + source.hash.substr(0, 20) + "-" + rendition.canonical() + '"';
    about.modifiedNs = source.modifiedNs;
    about.cacheControl = cacheControl(*asked);
    about.varies = isNegotiated(asked->wanted, source.kind);
    std::shared_ptr<const Ready> ready;
    if (size <= kInMemory) {
        std::string bytes =
            rendered.bytes.empty() ? readRange(*rendered.file, size) : std::string(rendered.bytes);
        ready = std::make_shared<const Ready>(std::move(about), std::move(bytes));
    } else {
        const auto stored = rendered.bytes.empty() ? std::nullopt : disk_.find(key);
        ready = std::make_shared<const Ready>(std::move(about), stored ? stored->fd : rendered.file,
                                              0, size);
    }
    // What could not be kept on the disk is not kept in memory either, where it might be large.
    send(asked, ready, false, kept || size <= kInMemory);
    if (interim) makeAvifLater(asked, rendition, ready);
}

void Pictures::makeAvifLater(const AskedPtr& asked, const Rendition& rendition,
                             const std::shared_ptr<const Ready>& interim) {
    Rendition avif = rendition;
    avif.format = Format::kAvif;
    RenderJob job = jobFor(*asked->source);
    job.outputs.push_back(avif);
    const std::string key = keyOf(*asked->source, avif);
    renderer_.ask(key, asked->source, std::move(job), Renderer::Haste::kLater,
                  [this, key, interim](const Rendered& rendered) {
                      if (rendered.state == Rendered::State::kMade &&
                          rendered.bytes.size() < interim->size()) {
                          keep(key, rendered.bytes);
                      } else if (rendered.state == Rendered::State::kMade ||
                                 rendered.state == Rendered::State::kRefused) {
                          setVerdict(key, Verdict::kUseWebp);
                      } else {
                          return;
                      }
                      interim->superseded = true;
                  });
}

void Pictures::notMade(const AskedPtr& asked, Rendered::State state) {
    if (state == Rendered::State::kChanged && asked->attempts++ == 0) return find(asked);
    // Whoever did not ask for a size is served without one.
    if (!asked->wanted.shaped ||
        (state == Rendered::State::kUnavailable && asked->wanted.shape.format == Format::kAuto &&
         isPicture(asked->source->kind))) {
        return sendSource(asked);
    }
    if (state == Rendered::State::kFailed)
        return refuse(asked, 422, "La imagen no se puede procesar");
    later(asked, 503, "El servidor está ocupado; intente de nuevo", "1");
}

void Pictures::send(const AskedPtr& asked, const std::shared_ptr<const Ready>& ready, bool original,
                    bool remember) {
    if (remember && !asked->source->stale) {
        hot_.put(asked->key, {ready, asked->source, original, asked->wanted.expires});
    } else if (asked->call.answered()) {
        hot_.remove(asked->key);
    }
    if (!asked->call.answered()) asked->call.succeed(ready->answer(asked->request));
}

void Pictures::refuse(const AskedPtr& asked, int status, std::string_view sentence) {
    if (asked->call.answered()) return hot_.remove(asked->key);
    answers_.count({{"from", "refused"}});
    asked->call.succeed(refusal(status, sentence));
}

void Pictures::later(const AskedPtr& asked, int status, std::string_view sentence,
                     const char* seconds) {
    if (asked->call.answered()) return hot_.remove(asked->key);
    answers_.count({{"from", "refused"}});
    Response response = refusal(status, sentence);
    response.header("Retry-After", seconds);
    asked->call.succeed(std::move(response));
}

std::string Pictures::cacheControl(const Asked& asked) const {
    const std::string who = asked.policy.readsNeedToken ? "private" : "public";
    const std::string& version = asked.wanted.version;
    if (version.size() >= kVersionDigits &&
        asked.source->hash.compare(0, version.size(), version) == 0) {
        return who + ", max-age=31536000, immutable";
    }
    return who + ", max-age=300, stale-while-revalidate=3600";
}

std::optional<Pictures::Verdict> Pictures::verdict(const std::string& key) {
    std::lock_guard lock(verdictsMutex_);
    const auto found = verdicts_.find(key);
    if (found == verdicts_.end()) return std::nullopt;
    return found->second;
}

void Pictures::setVerdict(const std::string& key, Verdict verdict) {
    std::lock_guard lock(verdictsMutex_);
    // They cost one computation each to find out again.
    if (verdicts_.size() >= kMostVerdicts) verdicts_.clear();
    verdicts_[key] = verdict;
}

bool Pictures::keep(const std::string& key, std::string_view bytes) {
    if (disk_.store(key, bytes)) {
        if (diskWarned_.exchange(false)) health_.healthy("cache");
        return true;
    }
    const std::string why = disk_.lastError();
    if (!why.empty() && !diskWarned_.exchange(true)) {
        log_.warning("cache.write.failed",
                     {{"reason", why}, {"next", "renditions are made anew until there is room"}});
        health_.unhealthy("cache", "renditions cannot be kept: " + why);
    }
    return false;
}

void Pictures::reportWorkers(Rendered::State state) {
    if (state == Rendered::State::kUnavailable) {
        health_.unhealthy("renditions",
                          "the picture worker cannot run; originals are served as they are "
                          "(install libvips42 and the picture worker)");
    } else if (state == Rendered::State::kMade) {
        health_.healthy("renditions");
    }
}

void Pictures::changed(const std::string& path) {
    sources_.changed(path);
}

void Pictures::makeAhead(const std::string& path) {
    if (!isPictureName(path)) return;
    const auto source = sources_.get(path, watched_);
    if (!source || !isPicture(source->kind) || source->size > settings_.limits.sourceBytes) return;
    RenderJob job = jobFor(*source);
    job.thorough = true;
    const auto add = [&](const Preset& preset, Accepts accepts) {
        Wanted wanted;
        wanted.shape = preset;
        wanted.shaped = true;
        const auto rendition = renditionFor(wanted, source->kind, accepts);
        if (!rendition || rendition->format == Format::kAuto) return;
        const std::string key = keyOf(*source, *rendition);
        const auto same = [&](const Rendition& other) {
            return other.canonical() == rendition->canonical();
        };
        if (disk_.contains(key) || verdict(key) ||
            std::any_of(job.outputs.begin(), job.outputs.end(), same))
            return;
        job.outputs.push_back(*rendition);
    };
    for (const auto& [name, preset] : settings_.presets) {
        for (const Accepts accepts : {Accepts::kOriginal, Accepts::kWebp, Accepts::kAvif})
            add(preset, accepts);
    }
    if (job.outputs.empty()) return;
    std::vector<Rendition> outputs = job.outputs;
    renderer_.ask("ahead-" + source->hash, source, std::move(job), Renderer::Haste::kLater,
                  [this, source, outputs](const Rendered& rendered) {
                      reportWorkers(rendered.state);
                      if (rendered.state != Rendered::State::kMade) return;
                      for (std::size_t i = 0; i < outputs.size(); ++i) {
                          const std::string key = keyOf(*source, outputs[i]);
                          const std::string_view bytes = rendered.output(i);
                          if (bytes.size() < source->size || outputs[i].format != Format::kAvif) {
                              keep(key, bytes);
                          } else {
                              setVerdict(key, Verdict::kUseWebp);
                          }
                      }
                  });
}

void Pictures::examine(std::shared_ptr<const Source> source, Renderer::Done done) {
    RenderJob job = jobFor(*source);
    job.strict = true;
    std::string key = "examine-" + source->hash;
    renderer_.ask(std::move(key), std::move(source), std::move(job), Renderer::Haste::kNow,
                  std::move(done));
}

void Pictures::publishCounters() {
    const std::uint64_t hits = hits_.exchange(0);
    if (hits != 0) answers_.record(static_cast<double>(hits), {{"from", "memory"}});
    waiting_.record(static_cast<double>(renderer_.waiting()));
}

}  // namespace totem::images
