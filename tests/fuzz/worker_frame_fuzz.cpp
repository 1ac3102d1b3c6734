// Any bytes from a worker, which has read hostile input and is not to be trusted: frames, or the
// end of the conversation. The first byte decides in which pieces they arrive.
#include <sys/socket.h>

#include <cstdlib>

#include "parts.hpp"
#include "worker/frame.hpp"

using namespace totemd;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::uint32_t kMaxPayload = 4096;
    if (size == 0) return 0;
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0) std::abort();
    const UniqueFd host(pair[0]), worker(pair[1]);
    const std::size_t step = data[0] + 1u;
    std::string_view rest = bytesOf(data + 1, size - 1);
    FrameReader reader(kMaxPayload);
    while (!rest.empty()) {
        const std::string_view piece = rest.substr(0, step);
        rest.remove_prefix(piece.size());
        if (::send(pair[1], piece.data(), piece.size(), MSG_NOSIGNAL) < 0) std::abort();
        for (;;) {
            const FrameReader::Result result = reader.read(pair[0]);
            if (result == FrameReader::Result::broken) return 0;
            if (result == FrameReader::Result::closed) std::abort();  // the peer did not close
            if (reader.payload().size() > kMaxPayload) std::abort();
            if (result == FrameReader::Result::blocked) break;
            if (reader.payload().size() != reader.header().length) std::abort();
            if (reader.header().fdCount != 0) std::abort();  // none were sent
            reader.reset();
        }
    }
    return 0;
}
