#include "admin/openapi.hpp"

#include <nlohmann/json.hpp>

namespace totemd {
namespace {

struct Operation {
    const char *path, *method, *summary;
    bool open;
};

constexpr Operation kOperations[] = {
    {"/healthz", "get", "The process lives", true},
    {"/readyz", "get", "Requests can be accepted and persisted", true},
    {"/health", "get", "Each part and upstream with its state", true},
    {"/metrics", "get", "Prometheus metrics", true},
    {"/api/v1/plugins", "get", "Installed plugins and their state", false},
    {"/api/v1/commands", "get", "Commands that plugins declare for totemctl", false},
    {"/api/v1/actions", "get", "Actions on offer", false},
    {"/api/v1/actions/{name}", "post", "Call an action", false},
    {"/api/v1/events", "get", "List events", false},
    {"/api/v1/events/{id}", "get", "One event with deliveries and effects", false},
    {"/api/v1/events/{id}/replay", "post", "Deliver an event again", false},
    {"/api/v1/trace/{id}", "get", "Time line of an event or trace", false},
    {"/api/v1/effects", "get", "List effects", false},
    {"/api/v1/requests", "get", "List stored requests", false},
    {"/api/v1/requests/replay", "post", "Hand stored requests to their plugins", false},
    {"/api/v1/dead-letters", "get", "All that is dead", false},
    {"/api/v1/forget", "post", "Remove one customer's data", false},
    {"/api/v1/log", "get", "Log levels", false},
    {"/api/v1/log/{component}", "put", "Change the log level of one component", false},
    {"/api/v1/upstreams/{name}/reset", "post", "Close a circuit breaker", false},
    {"/api/v1/reload", "post", "Read the configuration again", false},
};

/// "{name}" in a path as a parameter object.
nlohmann::json parametersOf(const std::string& path) {
    nlohmann::json list = nlohmann::json::array();
    const auto begin = path.find('{');
    if (begin == std::string::npos) return list;
    const std::string name = path.substr(begin + 1, path.find('}') - begin - 1);
    list.push_back(
        {{"name", name}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}});
    return list;
}

}  // namespace

std::string adminOpenApi() {
    nlohmann::json document{
        {"openapi", "3.1.0"},
        {"info", {{"title", "totemd admin API"}, {"version", TOTEM_VERSION}}},
        {"components",
         {{"securitySchemes", {{"token", {{"type", "http"}, {"scheme", "bearer"}}}}}}}};
    for (const Operation& operation : kOperations) {
        nlohmann::json entry{
            {"summary", operation.summary},
            {"parameters", parametersOf(operation.path)},
            {"responses",
             {{"default", {{"description", "JSON; errors are application/problem+json"}}}}}};
        if (!operation.open)
            entry["security"] = nlohmann::json::array({{{"token", nlohmann::json::array()}}});
        document["paths"][operation.path][operation.method] = std::move(entry);
    }
    return document.dump();
}

}  // namespace totemd
