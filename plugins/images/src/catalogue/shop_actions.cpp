#include "catalogue/shop_actions.hpp"

#include <totem/base64.hpp>
#include <totem/json.hpp>

#include "catalogue/file_answers.hpp"
#include "catalogue/product_routes.hpp"
#include "catalogue/refusal.hpp"
#include "catalogue/text.hpp"
#include "media_type.hpp"
#include "request_path.hpp"

namespace totem::images {
namespace {

/// An answer of an action travels through the journal: larger files go by their address.
constexpr std::uint64_t kMaxFile = 5u << 20;

std::string textAt(const Json& input, const char* name) {
    const auto found = input.find(name);
    if (found == input.end() || found->is_null()) return {};
    return found->is_string() ? found->get<std::string>() : found->dump();
}

}  // namespace

ShopActions::ShopActions(Shop& shop) : shop_(shop) {
    const auto add = [&](const char* name, std::string (ShopActions::*answer)(const Json&)) {
        shop.frame.onAction(name, [this, answer](Call& call, std::string_view text) {
            try {
                std::string result = (this->*answer)(parseJson(text));
                call.succeed(Body(std::move(result)));
            } catch (const Refusal& refused) {
                throw Failure(refused.status() == 404 ? Status::kNotFound : Status::kInvalid, refused.what());
            }
        });
    };
    add("images.products", &ShopActions::products);
    add("images.availability", &ShopActions::availability);
    add("images.url", &ShopActions::url);
    add("images.base64", &ShopActions::base64);
}

CatalogueQuestion ShopActions::questionOf(const Json& input) const {
    CatalogueQuestion question;
    const std::string segment = textAt(input, "segmento"), category = textAt(input, "categoria");
    question.segment = segment.empty() ? &shop_.segments.all().front() : &shop_.needSegment(segment);
    if (!category.empty()) question.category = &shop_.needCategory(*question.segment, category);
    const Month now = shop_.currentMonth();
    const std::string year = textAt(input, "ano"), month = textAt(input, "mes");
    question.month = shop_.needMonth(year.empty() ? now.yearText() : year, month.empty() ? now.numberText() : month);
    return question;
}

std::string ShopActions::products(const Json& input) {
    CatalogueQuestion question = questionOf(input);
    question.availableOnly = input.value("disponibles", true);
    const std::string words = fold(textAt(input, "texto"));
    const auto limit = input.value("limite", std::size_t{50});
    const ProductTable::View products = shop_.table.view();
    const AnswerParts parts{shop_.segments, shop_.files, *products, shop_.frame.settings.publicUrl, shop_.currentMonth()};
    OrderedJson rows = OrderedJson::array();
    std::size_t total = 0;
    for (const Product* product : productsOf(question, *products)) {
        const std::string all = fold(product->code + " " + product->name + " " + product->description.value_or(""));
        if (all.find(words) == std::string::npos) continue;
        if (++total <= limit) rows.push_back(productJson(*product, parts));
    }
    OrderedJson json = OrderedJson::object();
    json["segmento"] = question.segment->name;
    json["categoria"] = question.category == nullptr ? OrderedJson() : OrderedJson(question.category->name);
    json["anio"] = question.month.yearText();
    json["mes"] = question.month.name();
    json["total"] = total;
    json["productos"] = std::move(rows);
    return dump(json);
}

std::string ShopActions::availability(const Json& input) {
    return dump(availabilityOf(shop_, questionOf(input), textAt(input, "producto_id"), shop_.frame.settings.publicUrl).json);
}

/// A path as it is, or the picture of a product.
std::string ShopActions::pathOf(const Json& input) {
    const std::string given = textAt(input, "ruta"), code = textAt(input, "producto_id");
    if (!given.empty()) {
        const auto picture = pictureOf(given);
        if (picture) return *picture;
        if (isPlainPath(given) && isPdfName(given)) return given;
        throw Refusal(400, "ruta debe ser una imagen o un PDF dentro de catalogos");
    }
    if (code.empty()) throw Refusal(400, "Falta ruta o producto_id");
    const ProductTable::View products = shop_.table.view();
    const Product* product = findProduct(*products, code);
    if (product == nullptr) throw Refusal(404, "Producto no encontrado");
    const std::string& path = fold(textAt(input, "tipo")) == "caracteristicas" ? product->detailPicture : product->listPicture;
    if (path.empty()) throw Refusal(404, "El producto no tiene esa imagen");
    return path;
}

std::string ShopActions::url(const Json& input) {
    const std::string path = pathOf(input);
    OrderedJson json = pictureJson(shop_.frame.settings.publicUrl, path);
    if (const std::string preset = textAt(input, "preset"); !preset.empty()) {
        for (const char* name : {"url", "url_relativa"})
            json[name] = json[name].get<std::string>() + "?preset=" + encodePath(preset);
    }
    json["ruta"] = path;
    return dump(json);
}

std::string ShopActions::base64(const Json& input) {
    const std::string path = pathOf(input);
    const auto file = shop_.frame.files.open(path);
    if (!file) throw Refusal(404, "Archivo no encontrado");
    if (file->size > kMaxFile) throw Refusal(400, "El archivo pasa de 5 MB: usa images.url");
    totem_body body{};
    body.fd = file->fd->get();
    body.length = file->size;
    const std::string bytes = readContent(body);
    OrderedJson json = fileInfo(path, file->size);
    std::string encoded;
    appendBase64(encoded, bytes);
    json["base64"] = std::move(encoded);
    return dump(json);
}

}  // namespace totem::images
