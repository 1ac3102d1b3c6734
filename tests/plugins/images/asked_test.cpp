// What is asked, and what it comes to: the Accept header, the query, signatures.

#include <catch2/catch.hpp>
#include <set>
#include <totem/status.hpp>

#include "accept.hpp"
#include "rate_limit.hpp"
#include "rendition.hpp"
#include "settings.hpp"
#include "signature.hpp"
#include "wanted.hpp"

using namespace totem::images;

namespace {

const Settings kSettings = parseSettings(
    R"({"presets": {"cuadro": {"width": 200, "height": 200, "fit": "pad", "format": "png"}}})");

std::string made(const std::string& query, Kind source, Accepts accepts) {
    const auto rendition = renditionFor(Wanted::parse(query, kSettings), source, accepts);
    return rendition ? rendition->canonical() : "source";
}

}  // namespace

TEST_CASE("real Accept lines fall into three classes") {
    const auto chrome = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";
    const auto firefox = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5";
    const auto page =
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
    const auto oldSafari = "image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5";
    CHECK(acceptsOf(chrome) == Accepts::kAvif);
    CHECK(acceptsOf(firefox) == Accepts::kAvif);
    CHECK(acceptsOf(page) == Accepts::kAvif);
    CHECK(acceptsOf(oldSafari) == Accepts::kOriginal);
    CHECK(acceptsOf("image/webp,image/apng,*/*") == Accepts::kWebp);
    CHECK(acceptsOf("IMAGE/WEBP ; q=1.0") == Accepts::kWebp);
    CHECK(acceptsOf("image/avif;q=0,image/webp") == Accepts::kWebp);
    CHECK(acceptsOf("image/avif, image/webp;q=0") == Accepts::kOriginal);
    CHECK(acceptsOf("image/webp;q=0.5, image/jpeg") == Accepts::kOriginal);
    CHECK(acceptsOf("image/avif;q=0.5, image/webp") == Accepts::kWebp);
    for (const char* any : {"", "*/*", "image/*", "text/html", ",,;", "image/webp;q=abc"}) {
        CAPTURE(any);
        CHECK(acceptsOf(any) == Accepts::kOriginal);
    }
}

TEST_CASE("each query comes to one rendition, however it is spelled") {
    CHECK(made("", Kind::kJpeg, Accepts::kOriginal) == "source");
    CHECK(made("x=1&v=2", Kind::kJpeg, Accepts::kOriginal) == "source");
    CHECK(made("", Kind::kJpeg, Accepts::kWebp) == "full.webp");
    CHECK(made("", Kind::kJpeg, Accepts::kAvif) == "full.avif");
    CHECK(made("", Kind::kWebp, Accepts::kAvif) == "source");
    CHECK(made("", Kind::kGif, Accepts::kAvif) == "full.webp");
    CHECK(made("", Kind::kPdf, Accepts::kAvif) == "source");
    CHECK(made("", Kind::kOther, Accepts::kAvif) == "source");
    CHECK(made("w=800&fm=webp", Kind::kJpeg, Accepts::kOriginal) == "w800.webp");
    CHECK(made("fm=webp&w=800&utm=x", Kind::kJpeg, Accepts::kAvif) == "w800.webp");
    CHECK(made("w=400&dpr=2", Kind::kPng, Accepts::kOriginal) == "w800.png");
    CHECK(made("w=100&dpr=1.5", Kind::kJpeg, Accepts::kOriginal) == "w150.jpg");
    CHECK(made("w=10&h=20&fit=cover", Kind::kJpeg, Accepts::kWebp) == "w10h20c.webp");
    CHECK(made("w=10&fit=cover", Kind::kJpeg, Accepts::kWebp) == "w10.webp");
    CHECK(made("w=100", Kind::kGif, Accepts::kOriginal) == "w100.png");
    CHECK(made("w=100", Kind::kPdf, Accepts::kOriginal) == "w100.jpg");
    CHECK(made("w=100", Kind::kOther, Accepts::kOriginal) == "source");
    CHECK(made("preset=listado", Kind::kJpeg, Accepts::kAvif) == "w180.avif");
    CHECK(made("preset=whatsapp", Kind::kPng, Accepts::kAvif) == "w1600h1600m5000000.jpg");
    CHECK(made("preset=cuadro", Kind::kJpeg, Accepts::kAvif) == "w200h200p.png");
    CHECK(made("q=70&preset=listado", Kind::kJpeg, Accepts::kWebp) == "w180q70.webp");
    CHECK(made("w=4096&dpr=3", Kind::kJpeg, Accepts::kWebp) == "w4096.webp");
}

TEST_CASE("what a query cannot mean is said") {
    for (const char* bad : {"w=0", "w=-1", "w=abc", "w=99999", "w=", "w=1e3", "q=0", "q=101",
                            "fit=x", "fm=bmp", "dpr=4", "dpr=x", "preset=x", "h=1.5"}) {
        CAPTURE(bad);
        CHECK_THROWS_AS(Wanted::parse(bad, kSettings), totem::Failure);
    }
}

TEST_CASE("snapping leaves a few sizes of thousands") {
    std::set<std::string> sizes;
    for (int width = 1; width <= 4096; ++width) {
        Wanted wanted = Wanted::parse(
            "w=" + std::to_string(width) + "&q=" + std::to_string(width % 100 + 1), kSettings);
        wanted.snap(kSettings);
        sizes.insert(renditionFor(wanted, Kind::kJpeg, Accepts::kWebp)->canonical());
    }
    CHECK(sizes.size() == 10);
    Wanted wanted = Wanted::parse("w=301", kSettings);
    wanted.snap(kSettings);
    CHECK(wanted.shape.width == 480);
}

TEST_CASE("a signature is over the path and everything asked, and two keys are good") {
    const std::string asked = Wanted::parse("w=333&e=2000000000", kSettings).signedText();
    const std::string signature = sign("a-key-of-the-year", "fnb/a.jpg", asked);
    CHECK(signature.size() == 43);
    const std::vector<std::string> keys{"the-next-key-here", "a-key-of-the-year"};
    CHECK(isSigned(keys, "fnb/a.jpg", asked, signature));
    CHECK_FALSE(isSigned({"the-next-key-here"}, "fnb/a.jpg", asked, signature));
    CHECK_FALSE(isSigned(keys, "fnb/b.jpg", asked, signature));
    CHECK_FALSE(isSigned(keys, "fnb/a.jpg", asked, signature + "x"));
    CHECK_FALSE(isSigned(keys, "fnb/a.jpg", asked, ""));
    CHECK_FALSE(isSigned({}, "fnb/a.jpg", asked, signature));
    for (const char* other : {"w=334&e=2000000000", "w=333&e=2000000001", "w=333&e=2000000000&q=10",
                              "w=333&e=2000000000&fm=png", "w=333&h=1&e=2000000000"}) {
        CAPTURE(other);
        CHECK_FALSE(
            isSigned(keys, "fnb/a.jpg", Wanted::parse(other, kSettings).signedText(), signature));
    }
}

TEST_CASE("a client has its share of new sizes, and no more") {
    constexpr std::int64_t kSecond = 1'000'000'000;
    RateLimit limit(60);
    int allowed = 0;
    for (int i = 0; i < 10'000; ++i) allowed += limit.allows("10.0.0.1", kSecond);
    CHECK(allowed == 15);
    CHECK(limit.allows("10.0.0.2", kSecond));
    CHECK(limit.allows("10.0.0.1", 3 * kSecond));
    CHECK(limit.allows("10.0.0.1", 3 * kSecond));
    CHECK_FALSE(limit.allows("10.0.0.1", 3 * kSecond));
    for (int i = 0; i < 50'000; ++i) limit.allows("client" + std::to_string(i), 4 * kSecond);
    RateLimit none(0);
    for (int i = 0; i < 1000; ++i) CHECK(none.allows("x", 0));
}
