#include "observe/log.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <regex>
#include <thread>

#include "observe/log_record.hpp"

using namespace totemd;
using namespace std::string_literals;
using Catch::Matchers::Contains;

namespace {

class File {
public:
    ~File() { close(fd_); }
    int fd() const { return fd_; }
    std::string text() const {
        std::string text(static_cast<std::size_t>(lseek(fd_, 0, SEEK_END)), '\0');
        return pread(fd_, text.data(), text.size(), 0) < 0 ? "" : text;
    }
    std::size_t lines() const {
        const std::string all = text();
        return static_cast<std::size_t>(std::count(all.begin(), all.end(), '\n'));
    }

private:
    int fd_ = memfd_create("log", MFD_CLOEXEC);
};

LogLine shown(LogLevel level, std::string_view event, std::vector<LogField> fields) {
    LogRecord record = LogRecord::pack(level, event, fields);
    record.timeNs = 1'795'506'421'123'000'000;
    LogLine line = unpack(record, Masker());
    line.label = "plugin";
    line.component = "chatwoot";
    return line;
}

}  // namespace

TEST_CASE("a line reads: time, level, event, who, fields") {
    std::string out;
    appendText(out, shown(LogLevel::warn, "plugin.start.failed",
                          {{"hook", "create"},
                           {"reason", "missing token"},
                           {"tries", 3},
                           {"fatal", true},
                           {"took", 1.5}}));
    CHECK(out ==
          "2026-11-24T07:47:01.123Z warn plugin.start.failed plugin=chatwoot hook=create "
          "reason=\"missing token\" tries=3 fatal=true took=1.5\n");
}

TEST_CASE("JSON lines keep types and cannot be given the log's own names") {
    std::string out;
    appendJson(out, shown(LogLevel::info, "message.received",
                          {{"tries", 3},
                           {"fatal", false},
                           {"level", "fake"},
                           {"plugin", "other"},
                           {"text", "a\"b\n\xff"}}));
    CHECK(
        out ==
        "{\"time\":\"2026-11-24T07:47:01.123Z\",\"level\":\"info\",\"event\":\"message.received\","
        "\"plugin\":\"chatwoot\",\"tries\":3,\"fatal\":false,\"level_\":\"fake\",\"plugin_\":"
        "\"other\","
        "\"text\":\"a\\\"b\\n\xef\xbf\xbd\"}\n");
    CHECK(nlohmann::json::accept(out));
}

TEST_CASE("no value forges a line or reaches the terminal") {
    const auto [value, printed] = GENERATE(table<std::string, std::string>({
        {"one\ntwo level=error", R"("one\ntwo level=error")"},
        {"\x1b[31mred\r", R"("\x1b[31mred\x0d")"},
        {"quote\" back\\slash", R"("quote\" back\\slash")"},
        {"broken \xc3( utf8 \xff", R"("broken \xc3( utf8 \xff")"},
        {"\xc2\x9b"
         "31m",
         R"("\xc2\x9b31m")"},
        {"turn \xe2\x80\xae"
         "txt",
         R"("turn \xe2\x80\xaetxt")"},
        {"señor", "\"señor\""},
        {"nul \0 byte"s, R"("nul \x00 byte")"},
        {"", "\"\""},
        {"a=b", "\"a=b\""},
    }));
    CHECK(toLogfmt(shown(LogLevel::info, "e", {{"k", value}})) == "e plugin=chatwoot k=" + printed);
}

TEST_CASE("names are made plain, long values and many fields are cut") {
    CHECK(toLogfmt(shown(LogLevel::info, "bad event=x\n", {{"a b=\"", "v"}, {"", "w"}})) ==
          "bad_event_x_ plugin=chatwoot a_b__=v _=w");
    CHECK(toLogfmt(shown(LogLevel::info, "e", {{"k", std::string(100'000, 'x')}})).size() < 9'000);
    const std::vector<LogField> many(100, LogField("k", "v"));
    CHECK(shown(LogLevel::info, "e", many).pairs.size() == 64);
}

TEST_CASE("a secret that a cut would halve is hidden before the cut") {
    Masker masker;
    masker.registerSecret("the-secret-value");
    const std::string value = std::string(8'185, 'x') + "the-secret-value";
    const LogLine line =
        unpack(LogRecord::pack(LogLevel::info, "e", std::vector<LogField>{{"k", value}}), masker);
    CHECK(line.pairs[0].value.find("the-sec") == std::string::npos);
}

TEST_CASE("canaries do not come out, by whatever way they go in") {
    for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
        File file;
        {
            Log log({format, file.fd()});
            log.registerSecret("CANARY-token-1");
            const Logger logger = log.plugin("chatwoot");
            logger.info("CANARY-token-1", {{"CANARY-token-1", "x"}});
            logger.info("text", {{"note", "before CANARY-token-1 after"}});
            logger.info("name", {{"api_key", "CANARY"}});
            logger.info("query", {{"url", "http://h/p?api_access_token=CANARY&dni=08408122"}});
            logger.info("dni", {{"message", "Consultar DNI 08408122"}});
            logger.info("dni.number", {{"dni", 8408122}});
            logger.info("phone", {{"from", "51987654321"}, {"text", "soy 51987654321"}});
            logger.info("08408122", {});
        }
        INFO(file.text());
        CHECK(file.lines() == 8);
        for (const char* canary : {"CANARY", "08408122", "8408122", "51987654321", "87654"}) {
            CHECK_THAT(file.text(), !Contains(canary));
        }
        CHECK_THAT(file.text(), Contains("084****2"));
        CHECK_THAT(file.text(), Contains("519*****321"));
    }
}

TEST_CASE("without a journal its lines go to the file as text") {
    if (access("/run/systemd/journal/socket", W_OK) == 0) return;  // there is one here
    File file;
    {
        Log log({LogFormat::journal, file.fd()});
        log.part("http").info("listening", {{"port", 5678}});
    }
    CHECK_THAT(file.text(), Contains("info listening part=http port=5678\n"));
}

TEST_CASE("levels are per component and change while it runs") {
    File file;
    Log log({LogFormat::text, file.fd()});
    const Logger chatwoot = log.plugin("chatwoot");
    const Logger http = log.part("http");
    log.setLevel("flows", LogLevel::debug);  // before it is known
    const Logger flows = log.plugin("flows");
    CHECK_FALSE(chatwoot.enabled(LogLevel::debug));
    CHECK(flows.enabled(LogLevel::debug));
    log.setLevel("chatwoot", LogLevel::debug);
    chatwoot.debug("seen");
    http.debug("unseen");
    log.setLevel(LogLevel::error);
    http.warn("unseen");
    http.error("seen.too");
    chatwoot.debug("seen.still");
    log.setLevel("chatwoot", LogLevel::off);
    chatwoot.error("unseen");
    log.flush();
    CHECK_THAT(file.text(),
               Contains("debug seen plugin=chatwoot\n") && Contains("error seen.too part=http\n") &&
                   Contains("debug seen.still plugin=chatwoot\n") && !Contains("unseen"));
    const std::vector<std::pair<std::string, LogLevel>> expected{
        {"chatwoot", LogLevel::off}, {"http", LogLevel::error}, {"flows", LogLevel::debug}};
    CHECK(log.levels() == expected);
    CHECK(log.counts()[0].lines == 2);
}

TEST_CASE("level names are read and written") {
    CHECK(parseLogLevel("warn") == LogLevel::warn);
    CHECK(parseLogLevel("WARN") == std::nullopt);
    CHECK(toString(LogLevel::off) == "off");
}

TEST_CASE("repeated lines are counted and reported, others go on") {
    File file;
    {
        Log log({LogFormat::text, file.fd()});
        const Logger logger = log.part("http");
        for (int i = 0; i < 1'000; ++i)
            logger.warn("accept.failed", {{"reason", "too many files"}});
        logger.warn("accept.failed", {{"reason", "something else"}});
    }
    CHECK(file.lines() == 7);
    CHECK_THAT(file.text(), Contains("log.repeated part=http repeated=accept.failed times=995"));
}

TEST_CASE("a reader that stands still delays no caller; what does not fit is counted") {
    int pipes[2];
    REQUIRE(pipe2(pipes, O_CLOEXEC) == 0);
    {
        LogOptions options;
        options.fd = pipes[1];
        options.queueBytes = 100'000;
        Log log(options);
        const Logger logger = log.plugin("noisy");
        for (int i = 0; i < 20'000; ++i) logger.info("line", {{"number", i}});
        CHECK(log.counts()[0].dropped > 0);
        CHECK(log.counts()[0].lines + log.counts()[0].dropped == 20'000);
    }  // gives up instead of waiting for ever
    close(pipes[0]);
    close(pipes[1]);
}

TEST_CASE("a reader that has gone does not end the daemon") {
    int pipes[2];
    REQUIRE(pipe2(pipes, O_CLOEXEC) == 0);
    close(pipes[0]);
    {
        LogOptions options;
        options.fd = pipes[1];
        Log log(options);
        log.part("x").info("line");
        log.flush();
    }
    close(pipes[1]);
}

TEST_CASE("lines of many threads arrive whole and all") {
    File file;
    {
        LogOptions options;
        options.fd = file.fd();
        options.queueBytes = 64u << 20;
        Log log(options);
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&log, t] {
                const Logger logger = log.plugin("p" + std::to_string(t));
                for (int i = 0; i < 500; ++i) logger.info("tick", {{"i", i}, {"text", "a b"}});
            });
        }
        log.setLevel("p1", LogLevel::debug);
        log.registerSecret("something");
        for (std::thread& thread : threads) thread.join();
    }
    CHECK(file.lines() == 2'000);
    const std::regex line("\\S+Z info tick plugin=p[0-3] i=\\d+ text=\"a b\"");
    std::istringstream in(file.text());
    bool all = true;
    for (std::string text; std::getline(in, text);) all = all && std::regex_match(text, line);
    CHECK(all);
}
