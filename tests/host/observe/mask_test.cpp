#include "observe/mask.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <tuple>

using namespace totemd;

TEST_CASE("free text is shown without DNIs, phone numbers and secrets") {
    const auto [text, shown] = GENERATE(table<std::string, std::string>({
        // DNIs
        {"Consultar DNI 08408122", "Consultar DNI 084****2"},
        {"08408122", "084****2"},
        {"dni:08408122.", "dni:084****2."},
        {"DNI08408122gracias", "DNI084****2gracias"},
        {"dni_08408122", "dni_084****2"},
        {"dni 08408122-3", "dni 084****2-3"},
        {"08.408.122", "084****2"},
        {"mi número es 45678901, ¿ok?", "mi número es 456****1, ¿ok?"},
        {"ñ45678901ñ", "ñ456****1ñ"},
        {"dni=8408122", "dni=******2"},
        // phone numbers
        {"51987654321@s.whatsapp.net", "519*****321@s.whatsapp.net"},
        {"+51987654321", "+519*****321"},
        {"llama al +51 987 654 321 hoy", "llama al +519*****321 hoy"},
        {"987654321", "987***321"},
        {"987 654 321", "987***321"},
        {"+1-202-555-0143", "+120*****143"},
        {"messages.upsert:ventas:51987654321@s.whatsapp.net:3EB0C767D0C7B3C0A1B2",
         "messages.upsert:ventas:519*****321@s.whatsapp.net:3EB0C767D0C7B3C0A1B2"},
        // not numbers of persons
        {"took 1234567 us", "took 1234567 us"},
        {"trace 4bf92f3577b34da6a3ce929d0e0e4736", "trace 4bf92f3577b34da6a3ce929d0e0e4736"},
        {"a3ce12345678ffee1234", "a3ce12345678ffee1234"},
        {"2026-11-24T07:47:01", "2026-11-24T07:47:01"},
        {"port 5678, 200 OK, S/ 5,000.50", "port 5678, 200 OK, S/ 5,000.50"},
        // secrets by name inside a text
        {"GET /cable?pubsub_token=abc123&x=1", "GET /cable?pubsub_token=***&x=1"},
        {R"({"password":"p\"w","user":"ana"})", R"({"password":"***","user":"ana"})"},
        {R"("{\"api_key\":\"k1\",\"a\":1}")", R"("{\"api_key\":\"***\",\"a\":1}")"},
        {R"({"password":"ends with backslash\\","user":"ana"})",
         R"({"password":"***","user":"ana"})"},
        {R"({"dni":"08408122"})", R"({"dni":"084****2"})"},
        {"api_access_token: zzz9", "api_access_token: ***"},
        {"Authorization: Basic dXNlcjpwYXNz\nHost: x", "Authorization: ***\nHost: x"},
        {"sent Bearer eyJhbGciOi.x.y, then", "sent Bearer ***, then"},
        {"postgresql://totem:s3cret@db/totem", "postgresql://totem:***@db/totem"},
        {"redis://:s3cret@cache:6379", "redis://:***@cache:6379"},
        {"http://calidda-api:5000/query", "http://calidda-api:5000/query"},
        {"tokens: 512 in, 20 out", "tokens: 512 in, 20 out"},
        {"token", "token"},
        {"password=", "password="},
        {"", ""},
    }));
    const Masker masker;
    CHECK(masker.text(text) == shown);
}

TEST_CASE("a field's name decides first") {
    const auto [name, value, shown] = GENERATE(table<std::string, std::string, std::string>({
        {"token", "short", "***"},
        {"X-Api-Key", "k", "***"},
        {"config.webhook_secret", "k", "***"},
        {"Authorization", "Bearer x", "***"},
        {"dni", "08408122", "084****2"},
        {"dni", "8408122", "******2"},
        {"nro_documento", "CE 001234567", "CE 001***567"},
        {"phone", "987654", "*****4"},
        {"remoteJid", "51987654321@s.whatsapp.net", "519*****321@s.whatsapp.net"},
        {"reason", "missing token", "missing token"},
        {"reason", "password=hunter2", "password=***"},
        {"token", "", ""},
    }));
    const Masker masker;
    CHECK(masker.field(name, value) == shown);
}

TEST_CASE("numbers are shown unless their name or a secret forbids it") {
    Masker masker;
    masker.registerSecret("778899");
    CHECK(masker.number("conversation", "12345678") == "12345678");
    CHECK(masker.number("dni", "8408122") == "******2");
    CHECK(masker.number("pin_token", "1234") == "***");
    CHECK(masker.number("code", "778899") == "***");
}

TEST_CASE("a registered secret is hidden wherever it occurs") {
    Masker masker;
    CHECK(masker.registerSecret("s3cr"));
    CHECK(masker.registerSecret("s3cr3t-value"));
    CHECK(masker.registerSecret("s3cr3t-value"));
    CHECK(masker.text("x s3cr3t-value y s3cr z") == "x *** y *** z");
    CHECK(masker.field("url", "http://h/?q=s3cr3t-value") == "http://h/?q=***");
    CHECK(masker.text("s3cr3t-values3cr3t-value") == "******");
}

TEST_CASE("a secret too short to recognise is refused") {
    Masker masker;
    CHECK_FALSE(masker.registerSecret(""));
    CHECK_FALSE(masker.registerSecret("abc"));
    CHECK(masker.text("abc") == "abc");
}

TEST_CASE("a record is shown without its secrets and with its customers") {
    Masker masker;
    masker.registerSecret("s3cr3t-value");
    const auto record = nlohmann::json::parse(R"({
        "headers": [["Authorization", "Bearer abc"], ["X-Api-Key", "k"], ["Accept", "*/*"]],
        "fields": [{"name": "apikey", "value": "k"}, {"name": "page", "value": "2"}],
        "contact": {"pubsub_token": "p", "phone_number": "+51987654321", "token": null},
        "body": "dni=08408122&api_access_token=abc", "url": "http://u:pw@host/?q=s3cr3t-value",
        "json": "{\"password\":\"x\",\"dni\":\"08408122\"}", "seq": 1795506421000123})");
    const auto shown = nlohmann::json::parse(R"({
        "headers": [["Authorization", "***"], ["X-Api-Key", "***"], ["Accept", "*/*"]],
        "fields": [{"name": "apikey", "value": "***"}, {"name": "page", "value": "2"}],
        "contact": {"pubsub_token": "***", "phone_number": "+51987654321", "token": null},
        "body": "dni=08408122&api_access_token=***", "url": "http://u:***@host/?q=***",
        "json": "{\"password\":\"***\",\"dni\":\"08408122\"}", "seq": 1795506421000123})");
    CHECK(masker.json(record) == shown);
}
