// What is kept: on disk, in memory, about the sources; and how it is answered.

#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "disk_cache.hpp"
#include "hot_set.hpp"
#include "ready.hpp"
#include "source_index.hpp"
#include "temporary_folder.hpp"

using namespace totem::images;
using totem_test::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

std::string contentOf(const std::optional<DiskCache::Stored>& stored) {
    if (!stored) return "nothing";
    std::string text(stored->size, '\0');
    return pread(stored->fd->get(), text.data(), text.size(), 0) < 0 ? "unreadable" : text;
}

std::uint64_t bytesBelow(const fs::path& folder) {
    std::uint64_t bytes = 0;
    for (const auto& file : fs::recursive_directory_iterator(folder)) {
        if (file.is_regular_file()) bytes += file.file_size();
    }
    return bytes;
}

/// A request to `Ready`, with header fields.
struct Asked {
    explicit Asked(std::vector<std::pair<std::string, std::string>> list)
        : fields(std::move(list)) {
        for (const auto& [name, value] : fields)
            views.push_back({totem::str(name), totem::str(value)});
        raw.struct_size = sizeof raw;
        raw.headers = views.data();
        raw.header_count = static_cast<std::uint32_t>(views.size());
    }
    totem::Request request() const { return totem::Request(&raw); }
    std::vector<std::pair<std::string, std::string>> fields;
    std::vector<totem_header> views;
    totem_http_request raw{};
};

struct Answered {
    int status;
    std::string content, range;
};

Answered ask(const Ready& ready, std::vector<std::pair<std::string, std::string>> fields) {
    const Asked asked(std::move(fields));
    const totem::Body body = ready.answer(asked.request());
    return {body.code(), body.read(), std::string(body.header("Content-Range"))};
}

std::shared_ptr<const Ready> ready(const std::string& content) {
    Ready::About about;
    about.type = "image/webp";
    about.etag = "\"abc\"";
    about.modifiedNs = 1'700'000'000'000'000'000;
    about.cacheControl = "public";
    return std::make_shared<const Ready>(std::move(about), content);
}

}  // namespace

TEST_CASE("the disk cache keeps within its bound, the latest used longest, over restarts") {
    TemporaryFolder folder;
    const std::string content(1000, 'x');
    {
        DiskCache cache(folder.path().string(), 100'000);
        for (int i = 0; i < 10'000; ++i) {
            REQUIRE(cache.store("aa" + std::to_string(i), content));
            if (i % 10 == 0) REQUIRE(cache.find("aa0"));
        }
        CHECK(cache.bytes() <= 100'000);
        CHECK(bytesBelow(folder.path()) == cache.bytes());
        CHECK(contentOf(cache.find("aa0")) == content);
        CHECK(contentOf(cache.find("aa9999")) == content);
        CHECK_FALSE(cache.find("aa5"));
    }
    // A file that a crash cut short, and a stranger's.
    std::ofstream(folder.path() / "aa" / "aacut.500") << "short";
    std::ofstream(folder.path() / "aa" / ".new-1-1") << "half";
    std::ofstream(folder.path() / "notes.txt") << "mine";
    DiskCache again(folder.path().string(), 50'000);
    CHECK(again.bytes() <= 50'000);
    CHECK(contentOf(again.find("aa9999")) == content);
    CHECK_FALSE(again.find("aacut"));
    CHECK_FALSE(fs::exists(folder.path() / "aa" / ".new-1-1"));
    CHECK(fs::exists(folder.path() / "notes.txt"));
}

TEST_CASE("what was removed from the disk behind its back is a miss") {
    TemporaryFolder folder;
    DiskCache cache(folder.path().string(), 100'000);
    REQUIRE(cache.store("aakey", "content"));
    fs::remove_all(folder.path() / "aa");
    CHECK_FALSE(cache.find("aakey"));
    CHECK(cache.bytes() == 0);
    CHECK(cache.store("aakey", "content"));
    CHECK(contentOf(cache.find("aakey")) == "content");
}

TEST_CASE("a full disk keeps nothing, breaks nothing, and is tried again") {
    TemporaryFolder folder;
    DiskCache cache(folder.path().string(), 10'000'000);
    signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit small{4096, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    const bool stored = cache.store("aakey", std::string(100'000, 'x'));
    setrlimit(RLIMIT_FSIZE, &before);
    CHECK_FALSE(stored);
    CHECK_FALSE(cache.lastError().empty());
    CHECK_FALSE(cache.find("aakey"));
    CHECK(bytesBelow(folder.path()) == 0);
    CHECK(cache.store("aakey", std::string(100'000, 'x')));
    CHECK(cache.lastError().empty());
}

TEST_CASE("the hot set keeps within its bound") {
    HotSet hot(100'000, 50);
    const auto source = std::make_shared<const Source>();
    for (int i = 0; i < 10'000; ++i) {
        hot.put("k" + std::to_string(i), {ready(std::string(5000, 'x')), source, false, 0});
        CHECK(hot.bytes() <= 100'000);
    }
    CHECK(hot.find("k9999", INT64_MAX).ready);
    CHECK_FALSE(hot.find("k0", INT64_MAX).ready);
}

TEST_CASE("a changed source: its rendition is served while one asker renews it, itself never") {
    HotSet hot(1'000'000, 50);
    const auto source = std::make_shared<const Source>();
    source->checkedNs = INT64_MAX / 2;
    hot.put("rendition", {ready("old"), source, false, 0});
    hot.put("original", {ready("old"), source, true, 0});
    CHECK(hot.find("rendition", 1'000).ready);
    source->stale = true;
    const HotSet::Hit first = hot.find("rendition", 1'000);
    CHECK(first.ready);
    CHECK(first.refresh);
    const HotSet::Hit second = hot.find("rendition", 1'000);
    CHECK(second.ready);
    CHECK_FALSE(second.refresh);
    CHECK_FALSE(hot.find("original", 1'000).ready);
}

TEST_CASE("an expired address and a superseded answer are misses") {
    HotSet hot(1'000'000, 50);
    const auto source = std::make_shared<const Source>();
    hot.put("expired", {ready("x"), source, false, 1});
    CHECK_FALSE(hot.find("expired", INT64_MAX).ready);
    const auto interim = ready("x");
    hot.put("interim", {interim, source, false, 0});
    CHECK(hot.find("interim", INT64_MAX).ready);
    interim->superseded = true;
    CHECK_FALSE(hot.find("interim", INT64_MAX).ready);
}

TEST_CASE("a source is read again when it changes, by whatever way") {
    TemporaryFolder folder;
    const FileRoot root(folder.path().string());
    SourceIndex index(root, 3);
    root.write("a.jpg", "\xff\xd8\xff one");
    const auto first = index.get("a.jpg", true);
    REQUIRE(first);
    CHECK(first->kind == Kind::kJpeg);
    CHECK(first->hash.size() == 32);
    CHECK(index.get("a.jpg", true) == first);
    root.write("a.jpg", "\xff\xd8\xff two");
    CHECK(index.get("a.jpg", true) == first);  // nobody told it yet
    index.changed("a.jpg");
    CHECK(first->stale);
    const auto second = index.get("a.jpg", true);
    CHECK(second->hash != first->hash);
    // The old content is still there for whoever is sending it.
    char text[8] = {};
    CHECK(pread(first->fd->get(), text, 7, 0) == 7);
    CHECK(std::string(text + 4) == "one");
    root.remove("a.jpg");
    index.changed("");
    CHECK_FALSE(index.get("a.jpg", true));
    for (const char* name : {"b/1.jpg", "b/2.jpg", "b-c.jpg"}) root.write(name, name);
    const auto inside = index.get("b/1.jpg", true), beside = index.get("b-c.jpg", true);
    index.changed("b");
    CHECK(inside->stale);
    CHECK_FALSE(beside->stale);
}

TEST_CASE("whoever leaves the index is not trusted any more, since nobody tells it of changes") {
    TemporaryFolder folder;
    const FileRoot root(folder.path().string());
    SourceIndex index(root, 2);
    for (const char* name : {"a.jpg", "b.jpg", "c.jpg"}) root.write(name, name);
    const auto first = index.get("a.jpg", true);
    index.get("b.jpg", true);
    CHECK_FALSE(first->stale);
    index.get("c.jpg", true);
    CHECK(first->stale);
}

TEST_CASE("conditions are decided without the content") {
    const auto picture = ready("0123456789");
    CHECK(ask(*picture, {}).status == 200);
    CHECK(ask(*picture, {}).content == "0123456789");
    for (const char* tags : {"\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*"}) {
        CAPTURE(tags);
        CHECK(ask(*picture, {{"If-None-Match", tags}}).status == 304);
    }
    CHECK(ask(*picture, {{"If-None-Match", "\"other\""}}).status == 200);
    CHECK(ask(*picture, {{"If-Modified-Since", "Tue, 14 Nov 2023 22:13:20 GMT"}}).status == 304);
    CHECK(ask(*picture, {{"If-Modified-Since", "Tue, 14 Nov 2023 22:13:19 GMT"}}).status == 200);
    CHECK(ask(*picture, {{"If-Modified-Since", "yesterday"}}).status == 200);
    CHECK(ask(*picture, {{"If-None-Match", "\"other\""},
                         {"If-Modified-Since", "Tue, 14 Nov 2023 22:13:20 GMT"}})
              .status == 200);
}

TEST_CASE("ranges are parts, and what is no range is the whole") {
    const auto picture = ready("0123456789");
    struct Row {
        const char* range;
        int status;
        const char* content;
        const char* contentRange;
    };
    for (const Row& row :
         std::initializer_list<Row>{{"bytes=0-3", 206, "0123", "bytes 0-3/10"},
                                    {"bytes=4-", 206, "456789", "bytes 4-9/10"},
                                    {"bytes=-3", 206, "789", "bytes 7-9/10"},
                                    {"bytes=0-99", 206, "0123456789", "bytes 0-9/10"},
                                    {"bytes=-99", 206, "0123456789", "bytes 0-9/10"},
                                    {"bytes=9-9", 206, "9", "bytes 9-9/10"},
                                    {"bytes=10-", 416, "", "bytes */10"},
                                    {"bytes=-0", 416, "", "bytes */10"},
                                    {"bytes=5-4", 200, "0123456789", ""},
                                    {"bytes=0-1,3-4", 200, "0123456789", ""},
                                    {"bytes=a-b", 200, "0123456789", ""},
                                    {"bytes=-", 200, "0123456789", ""},
                                    {"bytes=99999999999999999999-", 200, "0123456789", ""},
                                    {"lines=0-1", 200, "0123456789", ""}}) {
        CAPTURE(row.range);
        const Answered answer = ask(*picture, {{"Range", row.range}});
        CHECK(answer.status == row.status);
        CHECK(answer.content == row.content);
        CHECK(answer.range == row.contentRange);
    }
    CHECK(ask(*picture, {{"Range", "bytes=0-3"}, {"If-Range", "\"abc\""}}).status == 206);
    CHECK(ask(*picture, {{"Range", "bytes=0-3"}, {"If-Range", "\"old\""}}).status == 200);
}
