#include "catalogue/product_routes.hpp"

#include <totem/json.hpp>

#include "answers.hpp"
#include "catalogue/refusal.hpp"
#include "catalogue/text.hpp"

namespace totem::images {
namespace {

constexpr const char* kUnknownProduct = "Producto no encontrado";

Json bodyOf(const Request& request) {
    try {
        return parseJson(request.content());
    } catch (const Failure&) {
        throw InvalidProduct("body", "debe ser JSON");
    }
}

/// What came for a member, a number as its digits; empty when it is absent.
std::string textAt(const Json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) return {};
    return found->is_string() ? found->get<std::string>() : found->dump();
}

}  // namespace

ProductRoutes::ProductRoutes(Shop& shop) : shop_(shop) {
    shop.onAnswer("products", [this](const Request& request) { return products(request); });
    shop.onAnswer("product", [this](const Request& request) { return product(request); });
    shop.onAnswer("validate", [this](const Request& request) { return validate(request); });
}

void ProductRoutes::needToken(const Request& request) const {
    const auto& tokens = shop_.frame.settings.tokens;
    if (tokens.empty())
        throw Refusal(403, "Los cambios están cerrados: falta plugins.images.config.tokens en la configuración");
    if (!bearsToken(request, tokens)) throw Refusal(401, "Falta el token de acceso o no es válido");
}

Body ProductRoutes::products(const Request& request) {
    if (request.method() != "POST") return list(request);
    needToken(request);
    const Product added = shop_.table.add(newProduct(bodyOf(request), shop_.segments, shop_.currentMonth()));
    return Response::json(dump(tableRow(added, shop_.baseOf(request))));
}

Body ProductRoutes::list(const Request& request) {
    const auto value = [&](const char* name) { return queryValue(request.query(), name).value_or(""); };
    const Segment* segment = value("segmento").empty() ? nullptr : &shop_.needSegment(value("segmento"));
    const std::string year = value("ano"), month = value("mes"), state = fold(value("estado"));
    const Month wanted = shop_.needMonth(year.empty() ? "2000" : year, month.empty() ? "1" : month);
    const std::string category = fold(withoutNumber(value("categoria")));
    OrderedJson rows = OrderedJson::array();
    const ProductTable::View products = shop_.table.view();
    for (const auto& [id, product] : *products) {
        if (segment != nullptr && product.segment != segment->name) continue;
        if (!year.empty() && product.month.year != wanted.year) continue;
        if (!month.empty() && product.month.number != wanted.number) continue;
        if (!category.empty() && fold(product.category) != category) continue;
        if (!state.empty() && product.state != state) continue;
        rows.push_back(tableRow(product, shop_.baseOf(request)));
    }
    return Response::json(dump(rows));
}

Body ProductRoutes::product(const Request& request) {
    const auto parts = pathParts(request, "/api/productos/");
    if (parts.size() != 1) throw Refusal(404, "Ruta no encontrada");
    const bool writes = request.method() == "PUT" || request.method() == "DELETE";
    if (writes) needToken(request);
    const ProductTable::View products = shop_.table.view();
    const Product* found = findProduct(*products, parts[0]);
    if (found == nullptr) throw Refusal(404, kUnknownProduct);
    if (!writes) return Response::json(dump(tableRow(*found, shop_.baseOf(request))));
    if (request.method() == "DELETE") {
        if (!shop_.table.remove(found->id)) throw Refusal(404, kUnknownProduct);
        OrderedJson json{{"mensaje", "Producto " + found->code + " eliminado"}, {"id", found->id}};
        return Response::json(dump(json));
    }
    const Json input = bodyOf(request);
    const auto changed = shop_.table.change(
        found->id, [&](Product before) { return changedProduct(std::move(before), input, shop_.segments); });
    if (!changed) throw Refusal(404, kUnknownProduct);
    return Response::json(dump(tableRow(*changed, shop_.baseOf(request))));
}

Body ProductRoutes::validate(const Request& request) {
    Json input;
    try {
        input = parseJson(request.content());
    } catch (const Failure&) {
        throw Refusal(400, "El cuerpo debe ser JSON como {\"producto_id\": \"CEL-01\", \"categoria\": \"celulares\"}");
    }
    const std::string code = input.is_object() ? textAt(input, "producto_id") : "";
    const std::string category = input.is_object() ? textAt(input, "categoria") : "";
    if (code.empty()) throw Refusal(400, "Falta el campo producto_id");
    if (category.empty()) throw Refusal(400, "Falta el campo categoria");
    CatalogueQuestion question;
    const std::string segment = textAt(input, "segmento");
    question.segment = segment.empty() ? &shop_.segments.all().front() : &shop_.needSegment(segment);
    question.month = shop_.currentMonth();
    const std::string year = textAt(input, "ano"), month = textAt(input, "mes");
    if (!year.empty() || !month.empty()) {
        question.month = shop_.needMonth(year.empty() ? question.month.yearText() : year,
                                         month.empty() ? question.month.numberText() : month);
    }
    question.category = &shop_.needCategory(*question.segment, category);
    Availability availability = availabilityOf(shop_, question, code, shop_.baseOf(request));
    if (!availability.known) availability.json["detail"] = kUnknownProduct;
    return Response::json(dump(availability.json), availability.known ? 200 : 404);
}

Availability availabilityOf(Shop& shop, const CatalogueQuestion& question, const std::string& code,
                            const std::string& base) {
    Availability result;
    result.json["disponible"] = false;
    const ProductTable::View products = shop.table.view();
    for (const Product* product : productsOf(question, *products)) {
        if (fold(product->code) != fold(code)) continue;
        result.known = true;
        if (product->available()) {
            const AnswerParts parts{shop.segments, shop.files, *products, base, shop.currentMonth()};
            result.json["disponible"] = true;
            result.json["producto"] = productJson(*product, parts);
        } else {
            result.json["razon"] = product->state == "agotado" ? "Producto agotado" : "Producto no disponible";
        }
        return result;
    }
    result.json["razon"] = kUnknownProduct;
    return result;
}

}  // namespace totem::images
