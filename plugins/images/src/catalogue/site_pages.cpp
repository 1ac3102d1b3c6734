#include "catalogue/site_pages.hpp"

#include <array>

#include "catalogue/text.hpp"

namespace totem::images {
namespace {

struct Operation {
    const char* method;
    const char* path;
    const char* summary;
    const char* query = "";  ///< names of parameters, with blanks between
};

constexpr std::array kOperations = {
    Operation{"get", "/api/catalogos/{path}", "Un archivo del catálogo"},
    Operation{"get", "/api/imagen/{segmento}/{anio}/{mes}/{categoria}/{id}/{tipo}", "La imagen de un producto: listado o caracteristicas"},
    Operation{"get", "/api/imagen-base64/{path}", "Una imagen en base64, hasta 5 MB, con force hasta 50 MB", "force"},
    Operation{"get", "/api/pdf-base64/{path}", "Un PDF en base64, hasta 5 MB, con force hasta 50 MB", "force"},
    Operation{"get", "/api/imagenes-base64", "Las imágenes de un filtro en base64, por páginas", "segmento ano mes categoria tipo desde"},
    Operation{"get", "/api/imagenes-disponibles", "Las imágenes que hay", "segmento ano mes categoria"},
    Operation{"get", "/api/ver-pdf/{path}", "Un PDF para verlo"},
    Operation{"get", "/api/catalogo-completo/{segmento}/mes-actual", "El PDF del mes actual"},
    Operation{"get", "/api/catalogo-completo/{segmento}/{anio}/{mes}", "El PDF de un mes"},
    Operation{"get", "/api/catalogo/{segmento}/mes-actual", "El catálogo del mes actual"},
    Operation{"get", "/api/catalogo/{segmento}/mes-actual/disponibles", "Lo disponible del mes actual"},
    Operation{"get", "/api/catalogo/{segmento}/mes-actual/{categoria}", "Una categoría del mes actual"},
    Operation{"get", "/api/catalogo/{segmento}/mes-actual/{categoria}/disponibles", "Lo disponible de una categoría del mes actual"},
    Operation{"get", "/api/catalogo/{segmento}/{anio}/{mes}", "El catálogo de un mes"},
    Operation{"get", "/api/catalogo/{segmento}/{anio}/{mes}/disponibles", "Lo disponible de un mes"},
    Operation{"get", "/api/catalogo/{segmento}/{anio}/{mes}/{categoria}", "Una categoría de un mes"},
    Operation{"get", "/api/catalogo/{segmento}/{anio}/{mes}/{categoria}/disponibles", "Lo disponible de una categoría"},
    Operation{"get", "/api/catalogo/{segmento}/{anio}/{mes}/{categoria}/{id}", "Un producto"},
    Operation{"get", "/api/segmentos", "Los segmentos, sus categorías y meses"},
    Operation{"get", "/api/meses-disponibles", "Los meses, el más nuevo primero", "segmento"},
    Operation{"post", "/api/validar-producto", "Si un producto está disponible"},
    Operation{"get", "/api/productos", "Todos los productos", "segmento ano mes categoria estado"},
    Operation{"post", "/api/productos", "Crea un producto (con token); como formulario, campo producto y archivos imagen_listado, imagen_caracteristicas"},
    Operation{"get", "/api/productos/{id}", "Un producto, por id o código"},
    Operation{"put", "/api/productos/{id}", "Cambia lo que se envía (con token); también como formulario con archivos"},
    Operation{"delete", "/api/productos/{id}", "Elimina un producto (con token)"},
    Operation{"get", "/diagnostico", "Cuántos productos y archivos hay"},
    Operation{"get", "/health", "Si el servicio responde"},
};

OrderedJson parameter(std::string_view name, const char* place) {
    OrderedJson json = OrderedJson::object();
    json["name"] = name;
    json["in"] = place;
    json["required"] = std::string_view(place) == "path";
    json["schema"]["type"] = "string";
    return json;
}

OrderedJson operationJson(const Operation& operation) {
    OrderedJson json = OrderedJson::object();
    json["summary"] = operation.summary;
    OrderedJson parameters = OrderedJson::array();
    const std::string_view path = operation.path;
    for (std::size_t open = path.find('{'); open != path.npos; open = path.find('{', open + 1))
        parameters.push_back(parameter(path.substr(open + 1, path.find('}', open) - open - 1), "path"));
    for (const std::string_view name : split(operation.query, ' ')) {
        if (!name.empty()) parameters.push_back(parameter(name, "query"));
    }
    if (!parameters.empty()) json["parameters"] = std::move(parameters);
    const std::string_view method = operation.method;
    if (method == "post" || method == "put") {
        json["requestBody"]["required"] = true;
        json["requestBody"]["content"]["application/json"]["schema"]["type"] = "object";
    }
    const bool writes = path.substr(0, 14) == "/api/productos" && method != "get";
    if (writes) json["security"] = OrderedJson::array({{{"token", OrderedJson::array()}}});
    json["responses"]["200"]["description"] = "Correcto";
    json["responses"]["404"]["description"] = "No existe; detail lo explica";
    if (method == "post" || method == "put") json["responses"]["422"]["description"] = "Datos no válidos; errors los enumera";
    return json;
}

std::string openApiText() {
    OrderedJson json = OrderedJson::object();
    json["openapi"] = "3.1.0";
    json["info"]["title"] = "Catálogo e imágenes";
    json["info"]["version"] = "1.0.0";
    for (const Operation& operation : kOperations) json["paths"][operation.path][operation.method] = operationJson(operation);
    json["components"]["securitySchemes"]["token"] = {{"type", "http"}, {"scheme", "bearer"}};
    return dump(json);
}

std::string indexText() {
    OrderedJson json = OrderedJson::object();
    json["mensaje"] = "Catálogo e imágenes";
    json["estado"] = "activo";
    json["documentacion"] = "/docs";
    json["openapi"] = "/openapi.json";
    OrderedJson endpoints = OrderedJson::array();
    for (const Operation& operation : kOperations) {
        std::string line = operation.method;
        for (char& c : line) c = static_cast<char>(c - 'a' + 'A');
        endpoints.push_back(line + " " + operation.path);
    }
    json["endpoints"] = std::move(endpoints);
    return dump(json);
}

/// One page without scripts; nothing in it comes from outside.
std::string docsText() {
    std::string html =
        "<!doctype html><html lang=\"es\"><head><meta charset=\"utf-8\"><title>Catálogo e imágenes</title>"
        "<meta name=\"viewport\" content=\"width=device-width\">"
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
        "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;"
        "border-bottom:1px solid #8884;vertical-align:top}code{font-size:.9em}"
        "td:first-child{font-weight:600}</style></head><body><h1>Catálogo e imágenes</h1>"
        "<p>La descripción completa está en <a href=\"/openapi.json\">openapi.json</a>. Los cambios llevan "
        "<code>Authorization: Bearer</code> con un token. Los errores son <code>{\"detail\": …}</code>.</p>"
        "<table><tr><th>Método</th><th>Ruta</th><th>Qué hace</th></tr>";
    for (const Operation& operation : kOperations) {
        std::string method = operation.method;
        for (char& c : method) c = static_cast<char>(c - 'a' + 'A');
        html += "<tr><td>" + method + "</td><td><code>" + operation.path + "</code></td><td>" + operation.summary;
        if (*operation.query != '\0') html += std::string("<br><small>Parámetros: ") + operation.query + "</small>";
        html += "</td></tr>";
    }
    return html + "</table></body></html>";
}

}  // namespace

SitePages::SitePages(Shop& shop)
    : shop_(shop), openApi_(openApiText()), index_(indexText()), docs_(docsText()) {
    shop.onAnswer("index", [this](const Request&) { return Body(Response::json(index_)); });
    shop.onAnswer("openapi", [this](const Request&) { return Body(Response::json(openApi_)); });
    shop.onAnswer("docs", [this](const Request&) {
        Response page = Response::html(docs_);
        page.header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
        return Body(std::move(page));
    });
    shop.onAnswer("health", [this](const Request&) { return health(); });
    shop.onAnswer("diagnostics", [this](const Request&) { return diagnostics(); });
    shop.onAnswer("segments", [this](const Request& request) {
        const ProductTable::View products = shop_.table.view();
        return Body(Response::json(dump(segmentsJson(partsFor(request, *products)))));
    });
    shop.onAnswer("months", [this](const Request& request) {
        const ProductTable::View products = shop_.table.view();
        const std::string name = queryValue(request.query(), "segmento").value_or("");
        const Segment* segment = name.empty() ? nullptr : &shop_.needSegment(name);
        return Body(Response::json(dump(monthsJson(partsFor(request, *products), segment))));
    });
}

AnswerParts SitePages::partsFor(const Request& request, const ProductTable::Products& products) const {
    return {shop_.segments, shop_.files, products, shop_.baseOf(request), shop_.currentMonth()};
}

Body SitePages::health() {
    const ProductTable::View products = shop_.table.view();
    OrderedJson json{{"status", "healthy"}, {"productos", products->size()}};
    return Response::json(dump(json));
}

Body SitePages::diagnostics() {
    const ProductTable::View products = shop_.table.view();
    const Month current = shop_.currentMonth();
    OrderedJson json = OrderedJson::object();
    json["estado"] = "activo";
    json["mes_actual"] = current.yearText() + "-" + current.name();
    json["zona_horaria"] = shop_.frame.settings.timezone;
    json["total_productos"] = products->size();
    json["productos_ilegibles"] = shop_.table.unreadable();
    for (const Segment& segment : shop_.segments.all()) {
        OrderedJson& entry = json["segmentos"][segment.name];
        std::size_t pictures = 0, count = 0;
        CatalogueFiles::Filter filter;
        filter.segment = &segment;
        for (const PictureFolder& folder : shop_.files.pictureFolders(shop_.segments, filter))
            pictures += shop_.files.picturesIn(folder.path).size();
        for (const auto& [id, product] : *products) count += product.segment == segment.name;
        entry["productos"] = count;
        entry["imagenes"] = pictures;
        entry["meses"] = shop_.files.months(segment).size();
    }
    return Response::json(dump(json));
}

}  // namespace totem::images
