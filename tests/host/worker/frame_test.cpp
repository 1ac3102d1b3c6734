#include "worker/frame.hpp"

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cstring>

using namespace totemd;

namespace {

struct Pair {
    Pair() {
        int fds[2];
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
        ours.reset(fds[0]);
        theirs.reset(fds[1]);
    }
    void raw(std::string_view bytes) {
        REQUIRE(send(theirs.get(), bytes.data(), bytes.size(), 0) ==
                static_cast<ssize_t>(bytes.size()));
    }
    UniqueFd ours, theirs;
};

std::string frame(std::uint32_t length, std::uint32_t fds, std::string payload) {
    const FrameHeader header{length, fds, 7};
    std::string bytes(sizeof header, '\0');
    std::memcpy(bytes.data(), &header, sizeof header);
    return bytes + payload;
}

}  // namespace

TEST_CASE("a frame that comes byte by byte is put together") {
    Pair pair;
    FrameReader reader(100);
    const std::string bytes = frame(5, 0, "hello");
    for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
        pair.raw(bytes.substr(i, 1));
        REQUIRE(reader.read(pair.ours.get()) == FrameReader::Result::blocked);
    }
    CHECK(reader.read(pair.ours.get()) == FrameReader::Result::blocked);
    pair.raw(bytes.substr(bytes.size() - 1));
    REQUIRE(reader.read(pair.ours.get()) == FrameReader::Result::frame);
    CHECK(reader.header().id == 7);
    CHECK(reader.takePayload() == "hello");
}

TEST_CASE("frames that break the rules are seen to be broken") {
    const auto [what, bytes] = GENERATE(table<std::string, std::string>({
        {"longer than allowed", frame(101, 0, "")},
        {"bytes behind the frame", frame(2, 0, "abc")},
        {"descriptors announced and not sent", frame(0, 1, "")},
        {"too many descriptors announced", frame(0, 17, "")},
    }));
    INFO(what);
    Pair pair;
    pair.raw(bytes);
    FrameReader reader(100);
    CHECK(reader.read(pair.ours.get()) == FrameReader::Result::broken);
}

TEST_CASE("a long frame is sent in parts, as the socket takes it") {
    Pair pair;
    FrameWriter writer;
    std::string payload(3'000'000, '\0');
    for (std::size_t i = 0; i < payload.size(); ++i)
        payload[i] = static_cast<char>(i * 7 + i / 251);
    writer.begin(9, payload, {});
    CHECK(writer.untouched());
    FrameReader reader(4'000'000);
    FrameReader::Result read = FrameReader::Result::blocked;
    int parts = 0;
    while (read == FrameReader::Result::blocked) {
        if (writer.pending()) {
            REQUIRE(writer.flush(pair.theirs.get()) != FrameWriter::Result::failed);
            ++parts;
        }
        read = reader.read(pair.ours.get());
    }
    REQUIRE(read == FrameReader::Result::frame);
    CHECK(parts > 1);
    CHECK((reader.takePayload() == payload));
}

TEST_CASE("a frame to a peer that is gone fails untouched and can be taken back") {
    Pair pair;
    pair.theirs.reset();
    FrameWriter writer;
    writer.begin(1, "precious", {});
    CHECK(writer.flush(pair.ours.get()) == FrameWriter::Result::failed);
    CHECK(writer.untouched());
    CHECK(writer.takePayload() == "precious");
}
