// The worker program: decodes and encodes pictures that come from strangers, outside the daemon,
// without files or network. `totem-picture-worker picture` reads JPEG, PNG, GIF and WebP,
// `totem-picture-worker pdf` the first page of a PDF.

#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstring>

#include <totem/worker.hpp>
#include <totem/worker_sandbox.hpp>

#include "picture.hpp"

#ifdef __SANITIZE_THREAD__
// libvips and glib are not instrumented, and reports of their threads are all there would be.
extern "C" const char* __tsan_default_options() {
    return "ignore_noninstrumented_modules=1";
}
#endif

namespace {

using totem::images::RenderJob;
using totem::images::RenderReply;
using totem::worker::Fd;
using totem::worker::Reply;

/// The source's file in memory.
class Mapping {
public:
    explicit Mapping(int fd) {
        struct stat status {};
        if (fstat(fd, &status) != 0 || status.st_size <= 0) return;
        void* mapped =
            mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
        if (mapped == MAP_FAILED) return;
        bytes_ = {static_cast<const char*>(mapped), static_cast<std::size_t>(status.st_size)};
    }
    ~Mapping() {
        if (!bytes_.empty()) munmap(const_cast<char*>(bytes_.data()), bytes_.size());
    }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    std::string_view bytes() const { return bytes_; }

private:
    std::string_view bytes_;
};

Fd sealed(const std::vector<std::string>& outputs) {
    Fd file(memfd_create("renditions", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    for (const std::string& bytes : outputs) {
        for (std::size_t done = 0; done < bytes.size();) {
            const ssize_t n = write(file.get(), bytes.data() + done, bytes.size() - done);
            if (n < 0)
                throw std::system_error(errno, std::generic_category(), "writing renditions");
            done += static_cast<std::size_t>(n);
        }
    }
    if (fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) !=
        0)
        throw std::system_error(errno, std::generic_category(), "sealing renditions");
    return file;
}

Reply answer(std::string_view payload, const std::vector<Fd>& files) {
    const RenderJob job = RenderJob::parse(payload);
    std::vector<std::string> outputs;
    RenderReply reply;
    {
        const Mapping source(files.empty() ? -1 : files.front().get());
        if (source.bytes().empty()) {
            reply.refused = "broken";
        } else {
            reply = totem::images::render(job, source.bytes(), outputs);
        }
    }
    Reply sent{reply.text()};
    if (!outputs.empty()) sent.fds.push_back(sealed(outputs));
    outputs.clear();
    // What a large picture took goes back to the system, not into the next one's account.
    malloc_trim(0);
    return sent;
}

}  // namespace

int main(int argc, char** argv) {
    const bool pdf = argc > 1 && std::strcmp(argv[1], "pdf") == 0;
    try {
        totem::images::startVips(argv[0], pdf);
        totem::images::warmUp(pdf);
        totem::worker::lockDown();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "totem-picture-worker: %s\n", error.what());
        return 1;
    }
    return totem::worker::serve(
        [](std::string_view payload, std::vector<Fd> files) { return answer(payload, files); },
        {"totem-picture-worker", "1.0"});
}
