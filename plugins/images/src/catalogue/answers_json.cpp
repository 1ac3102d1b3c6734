#include "catalogue/answers_json.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "request_path.hpp"

namespace totem::images {
namespace {

constexpr const char* kFiles = "/api/catalogos/";
constexpr const char* kPictureBase64 = "/api/imagen-base64/";
constexpr const char* kPdfBase64 = "/api/pdf-base64/";

OrderedJson monthJson(const Segment& segment, Month month) {
    OrderedJson info = OrderedJson::object();
    info["segmento"] = segment.name;
    // One generation of the old routes wrote año, the other anio.
    info["año"] = month.yearText();
    info["anio"] = month.yearText();
    info["mes"] = month.name();
    info["mes_numero"] = month.numberText();
    return info;
}

void addLinks(OrderedJson& json, const std::string& base, const std::string& path, const char* base64Route) {
    const std::string encoded = encodePath(path);
    json["url"] = base + kFiles + encoded;
    json["url_relativa"] = kFiles + encoded;
    json["url_base64"] = base + base64Route + encoded;
}

OrderedJson pdfOrNull(const std::optional<CatalogueFile>& pdf, const AnswerParts& parts) {
    return pdf ? pdfJson(parts.base, *pdf) : OrderedJson();
}

/// The answers for one category have always had an object here.
OrderedJson pdfOrMessage(const std::optional<CatalogueFile>& pdf, const AnswerParts& parts) {
    if (pdf) return pdfJson(parts.base, *pdf);
    OrderedJson none = OrderedJson::object();
    for (const char* member : {"nombre", "url", "url_relativa", "url_base64", "tamaño_mb"})
        none[member] = nullptr;
    none["mensaje"] = "No hay PDF para esta categoría";
    return none;
}

struct Listed {
    OrderedJson products = OrderedJson::array();
    std::size_t available = 0;
};

Listed listed(const CatalogueQuestion& question, const AnswerParts& parts) {
    Listed list;
    for (const Product* product : productsOf(question, parts.products)) {
        list.products.push_back(productJson(*product, parts));
        list.available += product->available();
    }
    return list;
}

OrderedJson wholeMonth(const CatalogueQuestion& question, const std::string& folder,
                       const AnswerParts& parts) {
    OrderedJson categories = OrderedJson::object();
    std::size_t total = 0, available = 0;
    for (const Category& category : question.segment->categories) {
        CatalogueQuestion one = question;
        one.category = &category;
        Listed list = listed(one, parts);
        total += list.products.size();
        available += list.available;
        OrderedJson& entry = categories[category.name];
        entry["pdf"] = pdfOrNull(parts.files.pdfIn(parts.files.categoryFolder(folder, category)), parts);
        entry["total_productos"] = list.products.size();
        entry["total_productos_disponibles"] = list.available;
        entry["productos"] = std::move(list.products);
    }
    OrderedJson json = OrderedJson::object();
    json["segmento"] = question.segment->name;
    json["catalogo_info"] = monthJson(*question.segment, question.month);
    json["catalogo_completo_pdf"] = pdfOrNull(parts.files.pdfIn(folder), parts);
    json["total_categorias"] = categories.size();
    json["categorias"] = std::move(categories);
    json["total_productos"] = total;
    json["total_productos_disponibles"] = available;
    return json;
}

OrderedJson oneCategory(const CatalogueQuestion& question, const std::string& folder,
                        const AnswerParts& parts) {
    Listed list = listed(question, parts);
    OrderedJson json = OrderedJson::object();
    json["segmento"] = question.segment->name;
    json["catalogo_info"] = monthJson(*question.segment, question.month);
    json["categoria"] = question.category->name;
    json["total_productos"] = list.products.size();
    json["total_productos_disponibles"] = list.available;
    json["pdf"] = pdfOrMessage(parts.files.pdfIn(parts.files.categoryFolder(folder, *question.category)), parts);
    json["productos"] = std::move(list.products);
    return json;
}

/// How many products each month has; months of which there is a folder only have none.
std::map<Month, std::size_t> countMonths(const AnswerParts& parts, const Segment* only) {
    std::map<Month, std::size_t> counts;
    for (const Segment& segment : parts.segments.all()) {
        if (only != nullptr && only != &segment) continue;
        for (const Month month : parts.files.months(segment)) counts[month];
        for (const auto& [id, product] : parts.products) {
            if (product.segment == segment.name) ++counts[product.month];
        }
    }
    return counts;
}

}  // namespace

double megabytes(std::uint64_t bytes) {
    return std::round(static_cast<double>(bytes) / (1 << 20) * 100) / 100;
}

std::string dump(const OrderedJson& value) {
    return value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

OrderedJson pictureJson(const std::string& base, const std::string& path) {
    OrderedJson json{{"url", nullptr}, {"url_relativa", nullptr}, {"url_base64", nullptr}};
    if (!path.empty()) addLinks(json, base, path, kPictureBase64);
    return json;
}

OrderedJson pdfJson(const std::string& base, const CatalogueFile& pdf) {
    OrderedJson json = OrderedJson::object();
    json["nombre"] = pdf.name;
    addLinks(json, base, pdf.path, kPdfBase64);
    json["tamaño_mb"] = megabytes(pdf.size);
    return json;
}

OrderedJson productJson(const Product& product, const AnswerParts& parts) {
    OrderedJson json = OrderedJson::object();
    json["id"] = product.code;
    json["codigo"] = product.code;
    json["nombre"] = product.name;
    json["descripcion"] = product.description ? OrderedJson(*product.description) : OrderedJson();
    json["precio"] = product.price;
    json["categoria"] = product.category;
    json["imagen"] = pictureJson(parts.base, product.listPicture);
    json["imagen_caracteristicas"] = pictureJson(parts.base, product.detailPicture);
    json["imagen_caracteristicas_2"] = pictureJson(parts.base, product.detailPicture2);
    json["cuotas"] = product.instalments;
    json["estado"] = product.state;
    json["stock"] = product.stock;
    json["mes_validez"] = product.month.yearText() + "-" + product.month.name();
    json["segmento"] = product.segment;
    json["activo"] = product.month == parts.current;
    return json;
}

OrderedJson tableRow(const Product& product, const std::string& base) {
    OrderedJson row = rowOf(product);
    for (const char* field : {"imagen_listado", "imagen_caracteristicas", "imagen_caracteristicas_2"}) {
        if (row[field].is_string())
            row[field] = base + kFiles + encodePath(row[field].get_ref<const std::string&>());
    }
    return row;
}

std::vector<const Product*> productsOf(const CatalogueQuestion& question,
                                       const ProductTable::Products& products) {
    std::vector<const Product*> found;
    for (const auto& [id, product] : products) {
        if (product.segment != question.segment->name || product.month != question.month) continue;
        if (question.category != nullptr && product.category != question.category->name) continue;
        if (!question.availableOnly || product.available()) found.push_back(&product);
    }
    return found;
}

std::optional<OrderedJson> catalogueJson(const CatalogueQuestion& question, const AnswerParts& parts) {
    const std::string folder = parts.files.monthFolder(*question.segment, question.month);
    if (folder.empty()) {
        CatalogueQuestion any = question;
        any.category = nullptr;
        any.availableOnly = false;
        if (productsOf(any, parts.products).empty()) return std::nullopt;
    }
    return question.category == nullptr ? wholeMonth(question, folder, parts)
                                        : oneCategory(question, folder, parts);
}

OrderedJson segmentsJson(const AnswerParts& parts) {
    OrderedJson names = OrderedJson::array();
    OrderedJson details = OrderedJson::object();
    for (const Segment& segment : parts.segments.all()) {
        names.push_back(segment.name);
        OrderedJson categories = OrderedJson::array();
        for (const Category& category : segment.categories) categories.push_back(category.name);
        details[segment.name] = monthsJson(parts, &segment);
        details[segment.name]["categorias"] = std::move(categories);
    }
    OrderedJson json = OrderedJson::object();
    json["total_segmentos"] = names.size();
    json["segmentos"] = std::move(names);
    json["detalle"] = std::move(details);
    return json;
}

OrderedJson monthsJson(const AnswerParts& parts, const Segment* segment) {
    const auto counts = countMonths(parts, segment);
    OrderedJson months = OrderedJson::array();
    for (auto entry = counts.rbegin(); entry != counts.rend(); ++entry) {
        const auto& [month, count] = *entry;
        OrderedJson json = OrderedJson::object();
        json["año"] = month.yearText();
        json["anio"] = month.yearText();
        json["mes"] = month.name();
        json["mes_numero"] = month.numberText();
        json["tiene_productos"] = count;
        months.push_back(std::move(json));
    }
    OrderedJson json = OrderedJson::object();
    json["total_meses"] = months.size();
    json["meses"] = std::move(months);
    return json;
}

OrderedJson picturesJson(const AnswerParts& parts, const CatalogueFiles::Filter& filter) {
    OrderedJson lists = {{"listado", OrderedJson::object()}, {"caracteristicas", OrderedJson::object()}};
    for (const PictureFolder& folder : parts.files.pictureFolders(parts.segments, filter)) {
        OrderedJson pictures = OrderedJson::array();
        for (const CatalogueFile& file : parts.files.picturesIn(folder.path)) {
            OrderedJson json = OrderedJson::object();
            json["ruta"] = file.path;
            json["url"] = parts.base + kFiles + encodePath(file.path);
            json["nombre"] = file.name;
            pictures.push_back(std::move(json));
        }
        if (pictures.empty()) continue;
        const std::string key = folder.segment->name + "/" + folder.month.yearText() + "/" +
                                folder.month.name() + "/" + folder.category->name;
        lists[folder.details ? "caracteristicas" : "listado"][key] = std::move(pictures);
    }
    return lists;
}

}  // namespace totem::images
