// Texts, months, segments and the cache: what needs no request.

#include <catch2/catch.hpp>

#include "catalogue/answer_cache.hpp"
#include "catalogue/long_body.hpp"
#include "catalogue/month.hpp"
#include "catalogue/product.hpp"
#include "catalogue/segments.hpp"
#include "catalogue/text.hpp"

using namespace totem::images;

TEST_CASE("folding takes away case and accents, composed or not") {
    CHECK(fold("Televisión ÑANDÚ") == "television nandu");
    CHECK(fold("Televisio\xCC\x81n") == "television");
    CHECK(fold("50% × 2") == "50% × 2");
    CHECK(fold("\xC3") == "\xC3");
}

TEST_CASE("a query's values are decoded once, and names too") {
    CHECK(queryValue("a=1&segmento=f%6Eb", "segmento") == "fnb");
    CHECK(queryValue("a%C3%B1o=2025", "año") == "2025");
    CHECK(queryValue("mes=once+noviembre", "mes") == "once noviembre");
    CHECK(queryValue("mes=%252e", "mes") == "%2e");
    CHECK_FALSE(queryValue("mes=%zz", "mes"));
    CHECK_FALSE(queryValue("mes=%00", "mes"));
    CHECK_FALSE(queryValue("", "mes"));
    CHECK(queryValue("mes", "mes") == "");
}

TEST_CASE("a month is read in every spelling and in no other") {
    for (const char* text : {"noviembre", "Noviembre", "NOVIEMBRE", "11", "11-noviembre", "11-Noviembre"}) {
        INFO(text);
        CHECK(readMonthNumber(text) == 11);
    }
    CHECK(readMonthNumber("1") == 1);
    CHECK(readMonthNumber("01") == 1);
    CHECK(readMonthNumber("setiembre") == 9);
    for (const char* text : {"", "0", "13", "-1", "+1", "1-", "10-noviembre", "noviembre-11", "011", "nov", "1 ", "111-enero"}) {
        INFO(text);
        CHECK_FALSE(readMonthNumber(text));
    }
    CHECK(readYear("2025") == 2025);
    for (const char* text : {"25", "abc", "1999", "2101", "02025", "-202"}) CHECK_FALSE(readYear(text));
}

TEST_CASE("the month turns at Lima's midnight, not at that of UTC") {
    const TimeZone lima("America/Lima");
    CHECK(lima.monthAt(1764565199) == Month{2025, 11});  // 2025-12-01 04:59:59 UTC
    CHECK(lima.monthAt(1764565200) == Month{2025, 12});
    CHECK(TimeZone("UTC").monthAt(1764565199) == Month{2025, 12});
    const TimeZone madrid("Europe/Madrid");
    CHECK(madrid.localSeconds(1751328000) - 1751328000 == 7200);  // July
    CHECK(madrid.localSeconds(1735689600) - 1735689600 == 3600);  // January
}

TEST_CASE("a time zone that the system does not know is named") {
    CHECK_THROWS_WITH(TimeZone("America/Limma"), Catch::Contains("America/Limma"));
    CHECK_THROWS_WITH(TimeZone("../../../etc/passwd"), Catch::Contains("no name"));
    CHECK_THROWS_WITH(TimeZone("tzdata.zi"), Catch::Contains("tzdata.zi"));
}

TEST_CASE("a category is found by name, folder, or a part that only one has") {
    const Segment fnb{"fnb", {{"1-celulares", "celulares"}, {"2-televisores", "televisores"}, {"3-tablets", "tablets"}}};
    CHECK(fnb.find("Celulares")->folder == "1-celulares");
    CHECK(fnb.find("1-CELULARES")->folder == "1-celulares");
    CHECK(fnb.find("celu")->folder == "1-celulares");
    CHECK(fnb.find("visor")->folder == "2-televisores");
    CHECK(fnb.find("tele")->folder == "2-televisores");
    CHECK(fnb.find("res") == nullptr);  // two have it
    CHECK(fnb.find("l") == nullptr);
    CHECK(fnb.find("") == nullptr);
    CHECK(fnb.find("zapatos") == nullptr);
}

TEST_CASE("an answer is served only for the moment for which it was made") {
    AnswerCache cache(1000);
    const AnswerStamp before{1, 1, {2025, 11}};
    cache.keep("k", before, makeAnswer("body"));
    CHECK(cache.find("k", before)->body == "body");
    CHECK(cache.find("k", {2, 1, {2025, 11}}) == nullptr);
    CHECK(cache.find("k", {1, 2, {2025, 11}}) == nullptr);
    CHECK(cache.find("k", {1, 1, {2025, 12}}) == nullptr);
    cache.keep("big", before, makeAnswer(std::string(995, 'x')));  // both do not fit
    CHECK(cache.find("k", before) == nullptr);
    CHECK(cache.find("big", before) != nullptr);
    cache.keep("huge", before, makeAnswer(std::string(2000, 'x')));
    CHECK(cache.find("huge", before) == nullptr);
}

TEST_CASE("answers that differ have other tags") {
    CHECK(makeAnswer("a")->etag != makeAnswer("b")->etag);
    CHECK(makeAnswer("a")->etag == makeAnswer("a")->etag);
}

TEST_CASE("a budget is lent and given back") {
    const Budget budget(10);
    auto first = budget.take(6);
    CHECK(first);
    CHECK_FALSE(budget.take(5));
    first.reset();
    CHECK(budget.take(10));
}
