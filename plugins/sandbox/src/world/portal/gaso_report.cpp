#include "world/portal/gaso_report.hpp"

#include "world/base/journeys.hpp"
#include "world/base/stop_signal.hpp"

#include <map>

namespace totem_sandbox {
namespace {

using nlohmann::json;

const std::map<std::string, const char*> kMeasures = {{"Estado", "estado"},
                                                      {"Cliente", "name"},
                                                      {"Saldo", "saldo"},
                                                      {"Cuenta_contrato", "cuenta"},
                                                      {"Dirección", "direccion"},
                                                      {"Distrito", "distrito"},
                                                      {"NSE", "nse"},
                                                      {"ServiceCuts", "cuts"},
                                                      {"Habilitado", "habilitado"}};

Reply refuse(const std::string& why) {
    return Reply::json(400, {{"error", {{"code", "BadRequest"}, {"message", why}}}});
}

/// The value at a JSON pointer, or null.
const json& at(const json& value, const char* pointer) {
    static const json kNull;
    const json::json_pointer where(pointer);
    return value.contains(where) ? value[where] : kNull;
}

constexpr const char* kCommand = "/queries/0/Query/Commands/0/SemanticQueryDataShapeCommand";

/// Checks everything of the command but the measure and the DNI; returns what is wrong.
std::string checkCommand(const json& command) {
    const json from = {{{"Name", "m"}, {"Entity", "Medidas"}, {"Type", 0}},
                       {{"Name", "b"}, {"Entity", "BD"}, {"Type", 0}}};
    if (at(command, "/Query/Version") != 2) return "Query.Version must be 2";
    if (at(command, "/Query/From") != from) return "Query.From must name Medidas and BD";
    if (at(command, "/Query/Select").size() != 1) return "Query.Select must hold one measure";
    if (at(command, "/Query/Select/0/Measure/Expression/SourceRef/Source") != "m")
        return "the measure must come from m";
    if (at(command, "/Query/Where").size() != 1) return "Query.Where must hold one condition";
    const json& contains = at(command, "/Query/Where/0/Condition/Contains");
    if (at(contains, "/Left/Column/Expression/SourceRef/Source") != "b" ||
        at(contains, "/Left/Column/Property") != "DNI")
        return "Query.Where must be Contains of the column DNI of b";
    if (at(command, "/Binding/Primary/Groupings/0/Projections") != json::array({0}))
        return "Binding.Primary.Groupings[0].Projections must be [0]";
    if (at(command, "/Binding/Version") != 1) return "Binding.Version must be 1";
    if (at(command, "/ExecutionMetricsKind") != 1) return "ExecutionMetricsKind must be 1";
    return {};
}

std::string checkEnvelope(const json& body) {
    if (!body.is_object()) return "the body is not a JSON object";
    if (at(body, "/version") != "1.0.0") return "version must be 1.0.0";
    if (at(body, "/cancelQueries") != json::array()) return "cancelQueries must be []";
    if (!at(body, "/modelId").is_number_integer()) return "modelId must be a number";
    if (at(body, "/queries").size() != 1) return "queries must have one element";
    if (at(body, "/queries/0/Query/Commands").size() != 1) return "Commands must have one element";
    if (!at(body, kCommand).is_object()) return "SemanticQueryDataShapeCommand is missing";
    if (at(body, "/queries/0/QueryId") != "") return "QueryId must be \"\"";
    return checkCommand(at(body, kCommand));
}

json dataShape(const json& value) {
    json row = json::object();
    row["S"] = json::array({{{"N", "M0"}, {"T", 1}}});
    if (!value.is_null()) row["M0"] = value;
    return {{"jobIds", {""}},
            {"results",
             {{{"jobId", ""},
               {"result",
                {{"data",
                  {{"timestamp", "2026-01-01T00:00:00.000Z"},
                   {"descriptor", {{"Select", {{{"Kind", 2}, {"Value", "M0"}}}}}},
                   {"dsr",
                    {{"Version", 2},
                     {"MinorVersion", 1},
                     {"DS", {{{"N", "DS0"}, {"PH", {{{"DM0", {row}}}}}, {"IC", true}}}}}}}}}}}}}};
}

}  // namespace

GasoReport::GasoReport(const GasoSettings& settings, Journeys& journeys, StopSignal& stop)
    : settings_(settings), journeys_(journeys), stop_(stop), people_(settings.people) {}

Reply GasoReport::handle(const Request& request) {
    if (settings_.latencyMs > 0) stop_.pause(std::chrono::milliseconds(settings_.latencyMs));
    if (request.method != "POST") return Reply::html(404, "<html>404</html>");
    if (request.header("x-powerbi-resourcekey") != settings_.resourceKey)
        return Reply::json(403, {{"error", {{"code", "Forbidden"}}}});
    if (request.param("synchronous") != "true") return refuse("synchronous=true is missing");
    if (request.header("content-type").rfind("application/json", 0) != 0)
        return Reply::json(415, {{"error", {{"code", "UnsupportedMediaType"}}}});
    const auto fromReport = [](const std::string& url) {
        return url.find("app.powerbi.com") != std::string::npos;
    };
    if (!fromReport(request.header("origin")) || !fromReport(request.header("referer")))
        return Reply::json(403, {{"error", {{"code", "OriginNotAllowed"}}}});
    return answer(parseBody(request.body));
}

std::string GasoReport::checkContext(const json& query, const std::string& measure) const {
    const json& dataset = at(query, "/ApplicationContext/DatasetId");
    const json& report = at(query, "/ApplicationContext/Sources/0/ReportId");
    const json& visual = at(query, "/ApplicationContext/Sources/0/VisualId");
    if (!dataset.is_string() || !report.is_string() || !visual.is_string())
        return "ApplicationContext needs DatasetId, ReportId and VisualId";
    if (!settings_.datasetId.empty() && dataset != settings_.datasetId) return "unknown DatasetId";
    if (!settings_.reportId.empty() && report != settings_.reportId) return "unknown ReportId";
    if (settings_.visualIds.contains(measure) && visual != settings_.visualIds[measure])
        return "the VisualId is not that of " + measure;
    return {};
}

Reply GasoReport::answer(const json& body) {
    if (const std::string wrong = checkEnvelope(body); !wrong.empty()) return refuse(wrong);
    if (settings_.modelId != 0 && body["modelId"] != settings_.modelId)
        return refuse("unknown modelId");
    const json& command = at(body, kCommand);
    const json& property = at(command, "/Query/Select/0/Measure/Property");
    const std::string measure = property.is_string() ? property.get<std::string>() : "";
    const auto known = kMeasures.find(measure);
    if (known == kMeasures.end()) return refuse("unknown measure " + measure);
    if (at(command, "/Query/Select/0/Name") != "Medidas." + measure)
        return refuse("the measure must be named Medidas." + measure);
    if (const auto wrong = checkContext(body["queries"][0], measure); !wrong.empty())
        return refuse(wrong);
    const json& literal = at(command, "/Query/Where/0/Condition/Contains/Right/Literal/Value");
    const std::string quoted = literal.is_string() ? literal.get<std::string>() : "";
    if (quoted.size() < 3 || quoted.front() != '\'' || quoted.back() != '\'')
        return refuse("the literal must be a quoted text");
    const std::string dni = quoted.substr(1, quoted.size() - 2);

    const std::string trace = journeys_.byDni(dni);
    journeys_.hop(trace, "gaso_asked", measure);
    const auto person = people_.findContaining(dni);
    json value;
    if (person && person->contains(known->second)) value = (*person)[known->second];
    if (person && person->value("answer", "") == "empty") value = nullptr;
    Reply reply = Reply::json(200, dataShape(value));
    reply.trace = trace;
    journeys_.hop(trace, "gaso_answered", measure);
    return reply;
}

}  // namespace totem_sandbox
