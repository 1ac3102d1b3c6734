#include "plugins/sandbox/harness.hpp"
#include "world/world.hpp"

#include <catch2/catch.hpp>

using namespace sandbox_test;
using totem_sandbox::World;

namespace {

const Headers kLoginHeaders = {{"Origin", "https://appweb.calidda.com.pe"},
                               {"Referer", "https://appweb.calidda.com.pe/WebFNB/login"}};

json credentials() {
    return {{"usuario", "sandbox"},
            {"password", "sandbox-password"},
            {"captcha", "exitoso"},
            {"Latitud", ""},
            {"Longitud", ""}};
}

Answer logIn(int port, const json& body, const Headers& headers = kLoginHeaders) {
    return request(port, "POST", "/FNB_Services/api/Seguridad/autenticar", headers, body);
}

std::string tokenOf(int port) {
    return logIn(port, credentials()).value()["data"]["authToken"];
}

Answer lookUp(int port, const std::string& dni, const std::string& token,
              const std::string& rest = "&tipoDocumento=PE2&idAliado=4471&canal=FNB") {
    return request(port, "GET",
                   "/FNB_Services/api/financiamiento/lineaCredito?numeroDocumento=" + dni + rest,
                   {{"Authorization", "Bearer " + token},
                    {"Referer", "https://appweb.calidda.com.pe/WebFNB/consulta-credito"}});
}

std::string decodedPayload(const std::string& jwt) {
    static const std::string kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const std::size_t from = jwt.find('.') + 1;
    std::string out;
    unsigned bits = 0, count = 0;
    for (const char c : jwt.substr(from, jwt.find('.', from) - from)) {
        bits = bits << 6 | static_cast<unsigned>(kAlphabet.find(c));
        if ((count += 6) >= 8) out += static_cast<char>(bits >> (count -= 8) & 255);
    }
    return out;
}

json gasoQuery(const std::string& measure, const std::string& dni) {
    return json::parse(R"({"version":"1.0.0","cancelQueries":[],"modelId":7,"queries":[{"Query":
      {"Commands":[{"SemanticQueryDataShapeCommand":{"Query":{"Version":2,"From":[
       {"Name":"m","Entity":"Medidas","Type":0},{"Name":"b","Entity":"BD","Type":0}],
       "Select":[{"Measure":{"Expression":{"SourceRef":{"Source":"m"}},"Property":")" +
                       measure + R"("},"Name":"Medidas.)" + measure + R"("}],
       "Where":[{"Condition":{"Contains":{"Left":{"Column":{"Expression":{"SourceRef":
        {"Source":"b"}},"Property":"DNI"}},"Right":{"Literal":{"Value":"')" +
                       dni + R"('"}}}}}]},
       "Binding":{"Primary":{"Groupings":[{"Projections":[0]}]},"Version":1},
       "ExecutionMetricsKind":1}}]},"QueryId":"","ApplicationContext":{"DatasetId":"d",
       "Sources":[{"ReportId":"r","VisualId":"v"}]}}]})");
}

const Headers kReport = {{"X-PowerBI-ResourceKey", "sandbox-resource-key"},
                         {"Origin", "https://app.powerbi.com"},
                         {"Referer", "https://app.powerbi.com/"}};

Answer askGaso(int port, const json& body, const Headers& headers = kReport,
               const std::string& path = "/public/reports/querydata?synchronous=true") {
    return request(port, "POST", path, headers, body);
}

json valueOf(const Answer& answer) {
    return answer.value().value("/results/0/result/data/dsr/DS/0/PH/0/DM0/0/M0"_json_pointer,
                                json());
}

}  // namespace

TEST_CASE("the portal logs in a browser with the right credentials") {
    World world(json{{"fnb", json::object()}});
    world.start();
    const int port = world.ports().fnb;
    const json good = logIn(port, credentials()).value();
    CHECK(good["valid"] == true);
    const json claims = json::parse(decodedPayload(good["data"]["authToken"]));
    CHECK(claims["commercialAllyId"] == 4471);
    CHECK(claims["exp"].get<long>() - claims["iat"].get<long>() == 3600);

    json wrong = credentials();
    wrong["password"] = "no";
    const Answer refused = logIn(port, wrong);
    CHECK(refused.status == 200);
    CHECK(refused.value()["valid"] == false);
    CHECK(refused.value()["message"] == "Usuario y/o contraseña incorrectos");

    for (const char* name : {"usuario", "password", "captcha", "Latitud", "Longitud"}) {
        json partial = credentials();
        partial.erase(name);
        INFO(name);
        CHECK(logIn(port, partial).status == 400);
    }
    CHECK(logIn(port, credentials(), {}).status == 403);
}

TEST_CASE("the portal looks up a credit line and knows its own ways to fail") {
    json people = json::array({{{"dni", "08408122"}, {"name", "ANA"}, {"credit_line", 5000.5}}});
    for (const char* answer : {"null_data", "no_data", "null", "html"})
        people.push_back({{"dni", "1000000" + std::to_string(people.size())}, {"answer", answer}});
    World world(json{{"fnb", {{"people", people}}}});
    world.start();
    const int port = world.ports().fnb;
    const std::string token = tokenOf(port);
    const json found = lookUp(port, "08408122", token).value();
    CHECK(found["valid"] == true);
    CHECK(found["data"]["nombre"] == "ANA");
    CHECK(found["data"]["lineaCredito"] == 5000.5);
    CHECK(found["data"]["tieneLineaCredito"] == true);
    const Answer missing = lookUp(port, "99999999", token);
    CHECK(missing.status == 200);
    CHECK(missing.value()["valid"] == false);
    CHECK(lookUp(port, "10000001", token).value()["data"].is_null());
    CHECK_FALSE(lookUp(port, "10000002", token).value().contains("data"));
    CHECK(lookUp(port, "10000003", token).body == "null");
    CHECK(lookUp(port, "10000004", token).headers["content-type"].find("text/html") == 0);
    for (const char* bad : {"&tipoDocumento=PE1&idAliado=4471&canal=FNB",
                            "&tipoDocumento=PE2&idAliado=1&canal=FNB", "&tipoDocumento=PE2"})
        CHECK(lookUp(port, "08408122", token, bad).status == 400);
}

TEST_CASE("a session of the portal ends by its number of look-ups and by a switch") {
    World world(json{{"fnb", {{"session", {{"max_lookups", 2}}}}}, {"page", json::object()}});
    world.start();
    const int port = world.ports().fnb;
    std::string token = tokenOf(port);
    CHECK(lookUp(port, "08408122", token).status == 200);
    CHECK(lookUp(port, "08408122", token).status == 200);
    CHECK(lookUp(port, "08408122", token).status == 401);
    CHECK(lookUp(port, "08408122", "invented").status == 401);
    token = tokenOf(port);
    CHECK(request(world.ports().page, "POST", "/faults", {},
                  {{"service", "fnb"}, {"expire_session", true}})
              .status == 200);
    CHECK(lookUp(port, "08408122", token).status == 401);
}

TEST_CASE("the report answers one measure for one DNI") {
    World world(json{{"gaso", json::object()}});
    world.start();
    const int port = world.ports().gaso;
    CHECK(valueOf(askGaso(port, gasoQuery("Estado", "10203040"))) == "APLICA");
    CHECK(valueOf(askGaso(port, gasoQuery("Saldo", "10203040"))) == "S/ 1.234,56");
    CHECK(valueOf(askGaso(port, gasoQuery("Dirección", "10203040"))) == "JR. LOS PINOS 123");
    CHECK(valueOf(askGaso(port, gasoQuery("Estado", "99999999"))).is_null());
    CHECK(valueOf(askGaso(port, gasoQuery("Cliente", "0203"))) == "ROSA HUAMAN CCORI");
}

TEST_CASE("the report refuses a request whose structure is not exactly right") {
    World world(json{{"gaso", {{"visual_ids", {{"Saldo", "other"}}}}}});
    world.start();
    const int port = world.ports().gaso;
    const auto broken = [&](const char* pointer, const json& value) {
        json query = gasoQuery("Estado", "10203040");
        query[json::json_pointer(pointer)] = value;
        return askGaso(port, query).status;
    };
    const std::string command = "/queries/0/Query/Commands/0/SemanticQueryDataShapeCommand";
    CHECK(broken("/version", "2") == 400);
    CHECK(broken("/cancelQueries", nullptr) == 400);
    CHECK(broken("/modelId", "7") == 400);
    CHECK(broken("/queries/0/QueryId", "x") == 400);
    CHECK(broken((command + "/ExecutionMetricsKind").c_str(), 2) == 400);
    CHECK(broken((command + "/Binding/Version").c_str(), 2) == 400);
    CHECK(broken((command + "/Query/Version").c_str(), 1) == 400);
    CHECK(broken((command + "/Query/From/1/Entity").c_str(), "X") == 400);
    CHECK(broken((command + "/Query/Select/0/Name").c_str(), "Estado") == 400);
    CHECK(broken((command + "/Query/Select/0/Measure/Property").c_str(), "Nada") == 400);
    CHECK(broken((command + "/Query/Where/0/Condition/Contains/Right/Literal/Value").c_str(),
                 "10203040") == 400);
    CHECK(broken("/queries/0/ApplicationContext", nullptr) == 400);
    CHECK(askGaso(port, gasoQuery("Saldo", "10203040")).status == 400);
    CHECK(askGaso(port, gasoQuery("Estado", "1"), {}).status == 403);
    CHECK(askGaso(port, gasoQuery("Estado", "1"), kReport, "/public/reports/querydata").status ==
          400);
    CHECK(askGaso(port, "text").status == 400);
}
