#include "catalogue/product_routes.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>
#include <system_error>
#include <utility>

#include <totem/json.hpp>

#include "answers.hpp"
#include "catalogue/refusal.hpp"
#include "catalogue/text.hpp"
#include "form.hpp"
#include "signature.hpp"

namespace totem::images {
namespace {

constexpr const char* kUnknownProduct = "Producto no encontrado";

/// The members of a product that are pictures, and the folder where theirs lie.
constexpr std::pair<const char*, const char*> kPictures[] = {
    {"imagen_listado", "precios"},
    {"imagen_caracteristicas", "caracteristicas"},
    {"imagen_caracteristicas_2", "caracteristicas"}};

Json parsedBody(std::string_view text) {
    try {
        return parseJson(text);
    } catch (const Failure&) {
        throw InvalidProduct("body", "debe ser JSON");
    }
}

/// Letters and digits of a code, for the name of a file.
std::string plainName(const std::string& code) {
    std::string name = fold(code);
    for (char& c : name) {
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '-';
    }
    return name;
}

/// What came for a member, a number as its digits; empty when it is absent.
std::string textAt(const Json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) return {};
    return found->is_string() ? found->get<std::string>() : found->dump();
}

}  // namespace

/// What a request says of a product, and the files that came with it: JSON, or a form whose field
/// `producto` is that JSON and whose files are named as the members that they are for.
struct ProductRoutes::Sent {
    Json product = Json::object();
    std::map<std::string, FormPart> files;
};

ProductRoutes::Sent ProductRoutes::read(const Request& request) const {
    Sent sent;
    if (!isForm(request)) {
        sent.product = parsedBody(request.content());
        return sent;
    }
    try {
        for (FormPart& part : readForm(request)) {
            const auto isFor = [&](const auto& picture) { return part.name == picture.first; };
            const bool picture = std::any_of(std::begin(kPictures), std::end(kPictures), isFor);
            if (part.name == "producto") {
                sent.product = parsedBody(part.bytes);
            } else if (picture && !part.fileName.empty()) {
                sent.files[part.name] = std::move(part);
            } else {
                throw InvalidProduct({{part.name, "no es parte del formulario"}});
            }
        }
    } catch (const Failure& failure) {
        throw Refusal(uploadStatus(failure.status()), failure.what());
    }
    if (!sent.product.is_object()) throw InvalidProduct("producto", "debe ser un objeto JSON");
    return sent;
}

/// Puts the files into the folders of the product's month and category, under names that no other
/// content has, and their paths into what was sent. Returns those that were not there before.
std::vector<std::string> ProductRoutes::storePictures(Sent& sent, const Product& product) const {
    std::vector<std::string> fresh;
    const Segment& segment = shop_.needSegment(product.segment);
    const Category& category = shop_.needCategory(segment, product.category);
    std::string month = shop_.files.monthFolder(segment, product.month);
    if (month.empty()) {
        const std::string number = product.month.numberText();
        month = segment.name + "/" + product.month.yearText() + "/" +
                (number.size() < 2 ? "0" + number : number) + "-" + product.month.name();
    }
    std::string folder = shop_.files.categoryFolder(month, category);
    if (folder.empty()) folder = month + "/" + category.folder;
    try {
        for (const auto& [member, below] : kPictures) {
            const auto file = sent.files.find(member);
            if (file == sent.files.end()) continue;
            const std::string& given = file->second.fileName;
            const std::size_t dot = given.find_last_of('.');
            const std::string ending = dot == std::string::npos ? "" : fold(given.substr(dot));
            const std::string path = folder + "/" + below + "/" + plainName(product.code) + "-" +
                                     contentHash(file->second.bytes).substr(0, 8) + ending;
            const bool known = shop_.frame.files.kind(path) != FileRoot::Kind::kNone;
            shop_.frame.storeFile(path, file->second.bytes);
            if (!known) fresh.push_back(path);
            sent.product[member] = path;
        }
    } catch (const Failure& failure) {
        takeAway(fresh);
        throw Refusal(uploadStatus(failure.status()), failure.what());
    } catch (const std::system_error&) {
        takeAway(fresh);
        throw Refusal(507, "La imagen no se pudo guardar");
    }
    return fresh;
}

/// But for what a product shows: the same form sent twice at once stores the same files.
void ProductRoutes::takeAway(const std::vector<std::string>& paths) const {
    const ProductTable::View products = shop_.table.viewIfLoaded();
    if (!products) return;
    for (const std::string& path : paths) {
        const bool shown =
            std::any_of(products->begin(), products->end(), [&path](const auto& entry) {
                const Product& product = entry.second;
                return product.listPicture == path || product.detailPicture == path ||
                       product.detailPicture2 == path;
            });
        if (!shown) shop_.frame.files.remove(path);
    }
}

template <typename Write>
auto ProductRoutes::withPictures(Sent& sent, const Product& product, Write write) const {
    const std::vector<std::string> fresh = storePictures(sent, product);
    try {
        return write();
    } catch (...) {
        takeAway(fresh);
        throw;
    }
}

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
    Sent sent = read(request);
    const auto made = [&] { return newProduct(sent.product, shop_.segments, shop_.currentMonth()); };
    const Product added = withPictures(sent, made(), [&] { return shop_.table.add(made()); });
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
    Sent sent = read(request);
    const auto change = [&](Product before) {
        return changedProduct(std::move(before), sent.product, shop_.segments);
    };
    const auto changed =
        withPictures(sent, change(*found), [&] { return shop_.table.change(found->id, change); });
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
