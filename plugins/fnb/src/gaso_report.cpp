#include "gaso_report.hpp"

#include <strings.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "amount.hpp"
#include "encoding.hpp"

namespace fnb {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kDniMark = "@dni@";
constexpr std::string_view kAlways[] = {"Estado",          "Cliente",   "Saldo",
                                        "Cuenta_contrato", "Dirección", "Distrito"};
constexpr std::string_view kWithVisual[] = {"NSE", "ServiceCuts", "Habilitado", "DNI"};

Json column(const char* kind, const char* source, const std::string& property) {
    return {
        {kind, {{"Expression", {{"SourceRef", {{"Source", source}}}}}, {"Property", property}}}};
}

Json question(const std::string& measure) {
    Json select = column("Measure", "m", measure);
    select["Name"] = "Medidas." + measure;
    const Json contains{{"Left", column("Column", "b", "DNI")},
                        {"Right", {{"Literal", {{"Value", "'" + std::string(kDniMark) + "'"}}}}}};
    Json query;
    query["Version"] = 2;
    query["From"] = Json::array({{{"Name", "m"}, {"Entity", "Medidas"}, {"Type", 0}},
                                 {{"Name", "b"}, {"Entity", "BD"}, {"Type", 0}}});
    query["Select"] = Json::array({select});
    query["Where"] = Json::array({{{"Condition", {{"Contains", contains}}}}});
    return query;
}

GasoMeasure measureFor(const Settings::Gaso& settings, const std::string& name) {
    const auto visual = settings.visualIds.find(name);
    Json projections;
    projections["Projections"] = Json::array({0});
    Json binding;
    binding["Primary"]["Groupings"] = Json::array({projections});
    binding["Version"] = 1;
    Json command;
    command["SemanticQueryDataShapeCommand"] = {
        {"Query", question(name)}, {"Binding", binding}, {"ExecutionMetricsKind", 1}};
    Json source{{"ReportId", settings.reportId}};
    source["VisualId"] = visual == settings.visualIds.end() ? "" : visual->second;
    Json query;
    query["Query"]["Commands"] = Json::array({command});
    query["QueryId"] = "";
    query["ApplicationContext"] = {{"DatasetId", settings.datasetId},
                                   {"Sources", Json::array({source})}};
    Json body{{"version", "1.0.0"}, {"modelId", settings.modelId}};
    body["queries"] = Json::array({query});
    body["cancelQueries"] = Json::array();
    const std::string text = body.dump();
    const std::size_t mark = text.find(kDniMark);
    return {name, text.substr(0, mark), text.substr(mark + kDniMark.size())};
}

bool hasNoValue(std::string_view text) {
    return text.empty() || text == "--";
}

std::string addressOf(const std::string& street, const std::string& district) {
    if (hasNoValue(street)) return hasNoValue(district) ? std::string() : district;
    return hasNoValue(district) ? street : street + " - " + district;
}

}  // namespace

std::vector<GasoMeasure> gasoMeasures(const Settings::Gaso& settings) {
    std::vector<GasoMeasure> measures;
    for (const std::string_view name : kAlways) {
        measures.push_back(measureFor(settings, std::string(name)));
    }
    for (const std::string_view name : kWithVisual) {
        if (settings.visualIds.count(std::string(name)) == 0) continue;
        measures.push_back(measureFor(settings, std::string(name)));
    }
    return measures;
}

GasoValue readGasoValue(int status, std::string_view body) {
    if (status != 200) return {};
    const Json json = Json::parse(body, nullptr, false);
    if (!json.is_object() || !json.contains("results")) return {};
    static const Json::json_pointer kPlace("/results/0/result/data/dsr/DS/0/PH/0/DM0/0/M0");
    GasoValue value{true, {}};
    if (!json.contains(kPlace)) return value;
    const Json& found = json.at(kPlace);
    if (found.is_string())
        value.text = trimmed(found.get_ref<const std::string&>());
    else if (!found.is_null())
        value.text = found.dump();
    return value;
}

bool saysNotFound(std::string_view estado) {
    return hasNoValue(estado);
}

Outcome gasoOutcome(std::string_view dni, const std::vector<GasoMeasure>& measures,
                    const std::vector<GasoValue>& values, std::string& warning) {
    const auto value = [&](std::string_view name) -> GasoValue {
        for (std::size_t i = 0; i < measures.size(); ++i) {
            if (measures[i].name == name) return values[i];
        }
        return {true, {}};
    };
    const GasoValue estado = value("Estado"), saldo = value("Saldo"), owner = value("DNI");
    if (!estado.readable) {
        return failedOutcome(Channel::kGaso, "gaso_bad_answer: GASO no respondió su estado");
    }
    Outcome outcome;
    outcome.channel = Channel::kGaso;
    outcome.kind = Outcome::Kind::kNotFound;
    if (saysNotFound(estado.text)) return outcome;
    // The report's filter finds substrings: a longer number that holds this DNI is somebody else.
    if (!hasNoValue(owner.text) && owner.text != dni) return outcome;
    if (!saldo.readable) {
        return failedOutcome(Channel::kGaso, "gaso_bad_answer: GASO no respondió su saldo");
    }

    std::optional<double> amount = hasNoValue(saldo.text) ? 0.0 : readAmount(saldo.text);
    if (!amount) warning = "the report's Saldo cannot be read as an amount; taken as 0";
    outcome.kind = Outcome::Kind::kFound;
    outcome.creditLine = std::max(amount.value_or(0), 0.0);
    outcome.hasOffer = outcome.creditLine > 0 && strcasecmp(estado.text.c_str(), "NO APLICA") != 0;
    outcome.name = value("Cliente").text;
    if (hasNoValue(outcome.name)) outcome.name = "Cliente GASO";
    Json data{{"dni", dni},
              {"nombre", outcome.name},
              {"estado", estado.text},
              {"saldo", outcome.creditLine},
              {"saldo_texto", saldo.text},
              {"cuentaContrato", value("Cuenta_contrato").text},
              {"direccion", addressOf(value("Dirección").text, value("Distrito").text)},
              {"tieneLineaCredito", outcome.hasOffer},
              {"lineaCredito", outcome.creditLine},
              {"segmento", channelName(Channel::kGaso)}};
    const std::pair<const char*, const char*> extra[] = {
        {"NSE", "nse"}, {"ServiceCuts", "serviceCuts"}, {"Habilitado", "habilitado"}};
    for (const auto& [measure, name] : extra) {
        const GasoValue found = value(measure);
        if (!hasNoValue(found.text)) data[name] = found.text;
    }
    outcome.data = data.dump();
    return outcome;
}

}  // namespace fnb
