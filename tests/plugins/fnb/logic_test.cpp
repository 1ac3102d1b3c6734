#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "amount.hpp"
#include "dni.hpp"
#include "encoding.hpp"
#include "gaso_report.hpp"
#include "messages.hpp"
#include "portal_answers.hpp"
#include "settings.hpp"

using namespace fnb;
using nlohmann::json;

TEST_CASE("a DNI is eight ASCII digits after trimming and nothing else") {
    CHECK(readDni("08408122") == "08408122");
    CHECK(readDni(" \t08408122\r\n") == "08408122");
    for (const char* bad :
         {"", " ", "8408122", "008408122", "0840812a", "0840 8122", "-8408122", "+8408122",
          "０８４０８１２２", "٠٨٤٠٨١٢٢", "08408122\xc2\xa0", "0x408122"}) {
        INFO(bad);
        CHECK_FALSE(readDni(bad));
    }
    CHECK_FALSE(readDni(std::string_view("0840812\0", 8)));
}

TEST_CASE("a masked DNI shows four digits, and nothing of what is no DNI") {
    CHECK(maskDni("08408122") == "084****2");
    CHECK(maskDni("0840812") == "****");
}

TEST_CASE("amounts are read with Peruvian and European separators") {
    const std::vector<std::pair<std::string, double>> good{{"S/ 1.234,56", 1234.56},
                                                           {"1,234.56", 1234.56},
                                                           {"1234,5", 1234.5},
                                                           {"S/ 500", 500},
                                                           {"S/.500.00", 500},
                                                           {"S/. 1,000", 1000},
                                                           {"1.234", 1234},
                                                           {"1,234", 1234},
                                                           {"1.234.567,89", 1234567.89},
                                                           {"1,234,567.89", 1234567.89},
                                                           {"1 234,56", 1234.56},
                                                           {"1\u00a0234,56", 1234.56},
                                                           {"0", 0},
                                                           {"0.00", 0},
                                                           {"0,5", 0.5},
                                                           {" 12.50 ", 12.5},
                                                           {"PEN 99.90", 99.9},
                                                           {"-15.25", -15.25},
                                                           {"12345678", 12345678},
                                                           {"1.234.567", 1234567},
                                                           {"12.5", 12.5}};
    for (const auto& [text, amount] : good) {
        INFO(text);
        REQUIRE(readAmount(text));
        CHECK(*readAmount(text) == Approx(amount));
    }
}

TEST_CASE("what is no amount, or more than one, is not guessed") {
    for (const char* bad :
         {"", "S/", "abc", "--", "1,23,456", "1.234.56,7.8", "1,234.567", "12,3456", ".50", "1..2",
          "1e9", "9999999999999999", "1,2345", ",", "12.", "1.234,"}) {
        INFO(bad);
        CHECK_FALSE(readAmount(bad));
    }
}

TEST_CASE("amounts are written as Peruvians write them") {
    CHECK(formatAmount(5000) == "S/ 5,000.00");
    CHECK(formatAmount(0) == "S/ 0.00");
    CHECK(formatAmount(999.999) == "S/ 1,000.00");
    CHECK(formatAmount(1234567.8) == "S/ 1,234,567.80");
    CHECK(formatAmount(100) == "S/ 100.00");
    CHECK(formatAmount(-1.5) == "S/ -1.50");
}

TEST_CASE("query parameters are decoded, the last of one name counts") {
    CHECK(queryParameter("dni=08408122", "dni") == "08408122");
    CHECK(queryParameter("a=1&dni=%3008408122&b", "dni") == "008408122");
    CHECK(queryParameter("dni=1&dni=2", "dni") == "2");
    CHECK(queryParameter("dni", "dni") == "");
    CHECK(queryParameter("dni=+1%zz%2", "dni") == " 1%zz%2");
    CHECK_FALSE(queryParameter("", "dni"));
    CHECK_FALSE(queryParameter("xdni=1&&", "dni"));
}

TEST_CASE("Retry-After is read as seconds or as a date") {
    CHECK(readRetryAfter("7", 0) == 7);
    CHECK(readRetryAfter("Thu, 01 Jan 1970 00:01:40 GMT", 40) == 60);
    CHECK(readRetryAfter("Thu, 01 Jan 1970 00:01:40 GMT", 400) == 0);
    for (const char* bad : {"", "-1", "soon", "1.5"}) CHECK_FALSE(readRetryAfter(bad, 0));
}

namespace {

/// base64url of text whose length is a multiple of three keeps this short enough to read.
std::string encoded(const std::string& text) {
    static const char* alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    unsigned bits = 0, count = 0;
    for (const char c : text) {
        bits = bits << 8 | static_cast<unsigned char>(c);
        for (count += 8; count >= 6;) out += alphabet[bits >> (count -= 6) & 63];
    }
    if (count > 0) out += alphabet[bits << (6 - count) & 63];
    return out;
}

std::string tokenOf(const std::string& payload) {
    return "e30." + encoded(payload) + ".c2ln";
}

}  // namespace

TEST_CASE("a token tells the ally, number or text, and when it expires") {
    auto claims = readToken(tokenOf(R"({"commercialAllyId":123,"exp":1900000000})"));
    REQUIRE(claims);
    CHECK(claims->allyId == "123");
    CHECK(claims->exp == 1900000000);
    claims = readToken(tokenOf(R"({"commercialAllyId":"A 7"})"));
    REQUIRE(claims);
    CHECK(claims->allyId == "A 7");
    CHECK_FALSE(claims->exp);
}

TEST_CASE("what is no usable token is refused") {
    for (const std::string& bad :
         {std::string(), std::string("abc"), std::string("a.b"), tokenOf("[]"), tokenOf("{}"),
          tokenOf("null"), tokenOf(R"({"commercialAllyId":null})"),
          tokenOf(R"({"commercialAllyId":{}})"), tokenOf(R"({"commercialAllyId":1})") + "\r\nX: y",
          std::string(9000, 'a')}) {
        INFO(bad.substr(0, 80));
        CHECK_FALSE(readToken(bad));
    }
}

TEST_CASE("a login's answer is a token, a refusal or broken") {
    using Kind = LoginAnswer::Kind;
    const std::vector<std::tuple<int, std::string, Kind>> rows{
        {200, R"({"valid":true,"data":{"authToken":"t"}})", Kind::kToken},
        {200, R"({"valid":false,"message":"Usuario o clave incorrecta"})", Kind::kRefused},
        {401, "", Kind::kRefused},
        {200, R"({"valid":true})", Kind::kBroken},
        {200, R"({"valid":true,"data":null})", Kind::kBroken},
        {200, R"({"valid":"true","data":{"authToken":"t"}})", Kind::kBroken},
        {200, "<html>", Kind::kBroken},
        {200, "null", Kind::kBroken},
        {500, R"({"valid":true,"data":{"authToken":"t"}})", Kind::kBroken}};
    for (const auto& [status, body, kind] : rows) {
        INFO(body);
        CHECK(readLogin(status, body).kind == kind);
    }
}

TEST_CASE("a look-up's answer finds, does not find, or fails") {
    using Kind = Outcome::Kind;
    const std::vector<std::pair<std::string, Kind>> rows{
        {R"({"valid":true,"data":{"nombre":"ANA","lineaCredito":5000,"tieneLineaCredito":true}})",
         Kind::kFound},
        {R"({"valid":true,"data":{}})", Kind::kFound},
        {R"({"valid":false,"message":"No existe"})", Kind::kNotFound},
        {R"({"valid":true,"data":null})", Kind::kFailed},
        {R"({"valid":true})", Kind::kFailed},
        {R"({"valid":true,"data":[]})", Kind::kFailed},
        {R"({"data":{"nombre":"ANA"}})", Kind::kFailed},
        {"null", Kind::kFailed},
        {"", Kind::kFailed},
        {"<html></html>", Kind::kFailed},
        {"{\"valid\":true,\"data\":{\"nombre\":\"\xff\"}}", Kind::kFailed}};
    for (const auto& [body, kind] : rows) {
        INFO(body);
        CHECK(readLookUp(body).kind == kind);
    }
}

TEST_CASE("a credit line needs the amount and the portal's yes") {
    const auto offers = [](const std::string& members) {
        return readLookUp(R"({"valid":true,"data":{)" + members + "}}").hasOffer;
    };
    CHECK(offers(R"("lineaCredito":1,"tieneLineaCredito":true)"));
    CHECK(offers(R"("lineaCredito":"S/ 1,500.00","tieneLineaCredito":true)"));
    CHECK(offers(R"("lineaCredito":1)"));
    CHECK_FALSE(offers(R"("lineaCredito":1,"tieneLineaCredito":false)"));
    CHECK_FALSE(offers(R"("lineaCredito":0,"tieneLineaCredito":true)"));
    CHECK_FALSE(offers(R"("tieneLineaCredito":true)"));
}

TEST_CASE("the result has the members of both generations") {
    const Outcome outcome = readLookUp(
        R"({"valid":true,"data":{"nombre":"ANA *P*","lineaCredito":5000,"tieneLineaCredito":true,"x":[1]}})");
    const json result = json::parse(resultJson(outcome, "08408122", MessageTemplates{}));
    CHECK(result.at("success") == true);
    CHECK(result.at("dni") == "08408122");
    CHECK(result.at("channel") == "fnb");
    CHECK(result.at("canal") == "fnb");
    CHECK(result.at("has_offer") == true);
    CHECK(result.at("tiene_oferta") == true);
    CHECK(result.at("data") == result.at("datos"));
    CHECK(result.at("data").at("nombre") == "ANA *P*");
    CHECK(result.at("data").at("saldo") == 5000.0);
    CHECK(result.at("data").at("segmento") == "fnb");
    CHECK(result.at("data").at("x") == json::array({1}));
    CHECK(result.at("error").is_null());
    CHECK(result.at("return_code") == 0);
    CHECK(result.at("client_message").get<std::string>().find("*ANA P*") != std::string::npos);
    CHECK(result.at("client_message").get<std::string>().find("*S/ 5,000.00*") !=
          std::string::npos);
    CHECK(result.at("client_message_compact").get<std::string>().find('\n') == std::string::npos);
    CHECK(result.at("client_message_compact").get<std::string>().find('*') == std::string::npos);
    CHECK(result.at("client_message_html").get<std::string>().find("<b>ANA P</b>") !=
          std::string::npos);
}

TEST_CASE("return codes and errors tell not found, no credit and failures apart") {
    Outcome outcome;
    outcome.kind = Outcome::Kind::kNotFound;
    json result = json::parse(resultJson(outcome, "08408122", MessageTemplates{}));
    CHECK(result.at("success") == false);
    CHECK(result.at("return_code") == 1);
    CHECK(result.at("data").is_null());
    CHECK(result.at("error").get<std::string>().rfind("not_found: ", 0) == 0);

    outcome = readLookUp(
        R"({"valid":true,"data":{"nombre":"ANA","lineaCredito":0,"tieneLineaCredito":false}})");
    result = json::parse(resultJson(outcome, "08408122", MessageTemplates{}));
    CHECK(result.at("success") == true);
    CHECK(result.at("has_offer") == false);
    CHECK(result.at("return_code") == 1);

    result = json::parse(
        resultJson(failedOutcome(Channel::kGaso, "x: y"), "08408122", MessageTemplates{}));
    CHECK(result.at("success") == false);
    CHECK(result.at("return_code") == 2);
    CHECK(result.at("canal") == "gaso");
    CHECK(result.at("error") == "x: y");
}

TEST_CASE("templates: values are not looked at for placeholders, lines without a value go") {
    MessageTemplates templates;
    templates.offer = "Hola {nombre}: {monto} {otro} {\nTel {telefono}\nfin";
    Outcome outcome;
    outcome.kind = Outcome::Kind::kFound;
    outcome.hasOffer = true;
    outcome.creditLine = 1;
    outcome.name = "{telefono}\n_x_";
    CHECK(messageFor(outcome, templates) == "Hola {telefono} x: S/ 1.00 {otro} {\nfin");
    templates.supportPhone = "01-999";
    CHECK(messageFor(outcome, templates) == "Hola {telefono} x: S/ 1.00 {otro} {\nTel 01-999\nfin");
    outcome.name.clear();
    CHECK(messageFor(outcome, templates).rfind("Hola cliente", 0) == 0);
}

TEST_CASE("HTML messages escape everything that comes from outside") {
    CHECK(htmlMessage("*a* <b> & \"'\n*") == "<b>a</b> &lt;b&gt; &amp; &quot;&#39;<br><b></b>");
    CHECK(compactMessage("a\n\n*b* c\n") == "a b c ");
}

TEST_CASE("the shared session is JSON of token and timestamp") {
    const auto session = readStoredSession(storedSessionText({"tok", 1700000000}));
    REQUIRE(session);
    CHECK(session->token == "tok");
    CHECK(session->loggedInAt == 1700000000);
    CHECK(readStoredSession(R"({"token":"t","timestamp":1700000000.25})")->loggedInAt ==
          1700000000);
    for (const char* bad :
         {"", "null", "{}", R"({"token":"t"})", R"({"token":1.5,"timestamp":1})",
          R"({"token":"t","timestamp":-1})", R"({"token":"t","timestamp":1e300})"}) {
        INFO(bad);
        CHECK_FALSE(readStoredSession(bad));
    }
}

TEST_CASE("outcomes survive the result cache") {
    const Outcome outcome =
        readLookUp(R"({"valid":true,"data":{"nombre":"ANA","lineaCredito":10.5}})");
    const auto back = readOutcome(outcomeText(outcome), Channel::kFnb);
    REQUIRE(back);
    CHECK(back->data == outcome.data);
    CHECK(back->creditLine == 10.5);
    CHECK(back->hasOffer);
    CHECK(back->name == "ANA");
    CHECK_FALSE(readOutcome("", Channel::kFnb));
    CHECK_FALSE(readOutcome(R"({"found":true,"data":"{"})", Channel::kFnb));
}

namespace {

Settings::Gaso gasoSettings() {
    Settings::Gaso settings;
    settings.modelId = 42;
    settings.datasetId = "ds";
    settings.reportId = "rep";
    settings.visualIds = {{"Estado", "v1"}, {"DNI", "v9"}};
    return settings;
}

Outcome gasoOf(const std::map<std::string, std::string>& texts, std::string& warning) {
    const auto measures = gasoMeasures(gasoSettings());
    std::vector<GasoValue> values;
    for (const auto& measure : measures) {
        const auto found = texts.find(measure.name);
        values.push_back({true, found == texts.end() ? "" : found->second});
    }
    return gasoOutcome("08408122", measures, values, warning);
}

}  // namespace

TEST_CASE("GASO's question is the one that the report expects") {
    const auto measures = gasoMeasures(gasoSettings());
    REQUIRE(measures.size() == 7);
    const json body = json::parse(measures[0].bodyFor("08408122"));
    CHECK(body.at("version") == "1.0.0");
    CHECK(body.at("cancelQueries") == json::array());
    CHECK(body.at("modelId") == 42);
    REQUIRE(body.at("queries").size() == 1);
    const json& query = body.at("queries")[0];
    CHECK(query.at("QueryId") == "");
    CHECK(query.at("ApplicationContext").at("DatasetId") == "ds");
    CHECK(query.at("ApplicationContext").at("Sources") ==
          json::parse(R"([{"ReportId":"rep","VisualId":"v1"}])"));
    const json& command = query.at("Query").at("Commands")[0].at("SemanticQueryDataShapeCommand");
    CHECK(command.at("ExecutionMetricsKind") == 1);
    CHECK(command.at("Binding") ==
          json::parse(R"({"Primary":{"Groupings":[{"Projections":[0]}]},"Version":1})"));
    CHECK(command.at("Query") == json::parse(R"({"Version":2,
        "From":[{"Name":"m","Entity":"Medidas","Type":0},{"Name":"b","Entity":"BD","Type":0}],
        "Select":[{"Measure":{"Expression":{"SourceRef":{"Source":"m"}},"Property":"Estado"},"Name":"Medidas.Estado"}],
        "Where":[{"Condition":{"Contains":{"Left":{"Column":{"Expression":{"SourceRef":{"Source":"b"}},"Property":"DNI"}},
                                           "Right":{"Literal":{"Value":"'08408122'"}}}}}]})"));
}

TEST_CASE("GASO's value is at its place, or there is none") {
    const std::string before = R"({"results":[{"result":{"data":{"dsr":{"DS":[{"PH":[{"DM0":[)";
    const std::string after = R"(]}]}]}}}}]})";
    CHECK(readGasoValue(200, before + R"({"M0":" ACTIVO "})" + after).text == "ACTIVO");
    CHECK(readGasoValue(200, before + R"({"M0":12.5})" + after).text == "12.5");
    CHECK(readGasoValue(200, before + R"({"M0":null})" + after).text.empty());
    CHECK(readGasoValue(200, before + R"({})" + after).readable);
    CHECK(readGasoValue(200, R"({"results":[]})").readable);
    CHECK_FALSE(readGasoValue(200, "<html>").readable);
    CHECK_FALSE(readGasoValue(200, "null").readable);
    CHECK_FALSE(readGasoValue(200, "{}").readable);
    CHECK_FALSE(readGasoValue(503, before + R"({"M0":"ACTIVO"})" + after).readable);
}

TEST_CASE("GASO's rules: found, no credit, not found, somebody else") {
    std::string warning;
    Outcome outcome = gasoOf({{"Estado", "ACTIVO"},
                              {"Saldo", "S/ 1.234,56"},
                              {"Cliente", "LUIS"},
                              {"Cuenta_contrato", "77"},
                              {"Dirección", "Av. 1"},
                              {"Distrito", "Lima"}},
                             warning);
    CHECK(outcome.kind == Outcome::Kind::kFound);
    CHECK(outcome.hasOffer);
    CHECK(json::parse(outcome.data) ==
          json::parse(R"({"dni":"08408122","nombre":"LUIS","estado":"ACTIVO",
        "saldo":1234.56,"saldo_texto":"S/ 1.234,56","cuentaContrato":"77","direccion":"Av. 1 - Lima",
        "tieneLineaCredito":true,"lineaCredito":1234.56,"segmento":"gaso"})"));

    outcome = gasoOf({{"Estado", "No aplica"}, {"Saldo", "500"}}, warning);
    CHECK_FALSE(outcome.hasOffer);
    outcome = gasoOf({{"Estado", "NO APLICA"}, {"Saldo", "500"}, {"Distrito", "Lima"}}, warning);
    CHECK(outcome.kind == Outcome::Kind::kFound);
    CHECK_FALSE(outcome.hasOffer);
    CHECK(outcome.name == "Cliente GASO");
    CHECK(json::parse(outcome.data).at("direccion") == "Lima");

    CHECK(gasoOf({{"Estado", "--"}, {"Saldo", "500"}}, warning).kind == Outcome::Kind::kNotFound);
    CHECK(gasoOf({{"Saldo", "500"}}, warning).kind == Outcome::Kind::kNotFound);
    CHECK(gasoOf({{"Estado", "ACTIVO"}, {"Saldo", "500"}, {"DNI", "108408122"}}, warning).kind ==
          Outcome::Kind::kNotFound);
    CHECK(warning.empty());
    outcome = gasoOf({{"Estado", "ACTIVO"}, {"Saldo", "mucho"}}, warning);
    CHECK_FALSE(outcome.hasOffer);
    CHECK(outcome.creditLine == 0);
    CHECK_FALSE(warning.empty());
}

TEST_CASE("settings: defaults, and a sentence for what cannot work") {
    const Settings settings =
        readSettings(R"({"username":"u","password":"p","base_url":"http://h/"})");
    CHECK(settings.baseUrl == "http://h");
    CHECK(settings.maxLookupsPerSession == 50);
    CHECK(settings.sessionTtlS == 3600);
    CHECK(settings.gaso.url.empty());
    CHECK_THROWS_WITH(readSettings(R"({"username":"","password":"p"})"),
                      Catch::Contains("username"));
    CHECK_THROWS_WITH(readSettings(R"({"username":"u","base_url":"ftp://h"})"),
                      Catch::Contains("base_url"));
    CHECK_THROWS_WITH(readSettings(R"({"username":"u","gaso":{"url":"http://h"}})"),
                      Catch::Contains("gaso.resource_key"));
    CHECK_THROWS_WITH(readSettings(R"({"username":"u","queue":"x"})"), Catch::Contains("queue"));
}
