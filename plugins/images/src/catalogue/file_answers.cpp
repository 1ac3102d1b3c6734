#include "catalogue/file_answers.hpp"

#include <algorithm>

#include <totem/json.hpp>

#include "answers.hpp"
#include "catalogue/refusal.hpp"
#include "catalogue/text.hpp"
#include "media_type.hpp"
#include "request_path.hpp"

namespace totem::images {
namespace {

constexpr std::uint64_t kMegabyte = 1u << 20;
constexpr std::uint64_t kUsual = 5 * kMegabyte;
constexpr std::uint64_t kForced = 50 * kMegabyte;
constexpr std::uint64_t kAtOnce = 64 * kMegabyte;

bool isTrue(std::string_view query, const char* name) {
    const std::string value = fold(queryValue(query, name).value_or(""));
    return value == "true" || value == "1" || value == "yes" || value == "si" || value == "on";
}

Refusal busy() { return {503, "Hay demasiadas descargas en este momento. Inténtalo de nuevo."}; }

Refusal changing() { return {503, "El archivo está cambiando. Inténtalo de nuevo."}; }

/// The query without the place where the page began.
std::string filterText(std::string_view query) {
    std::string kept;
    for (const std::string_view pair : split(query, '&')) {
        if (pair.empty() || pair.substr(0, pair.find('=')) == "desde") continue;
        kept += std::string(pair) + "&";
    }
    return kept;
}

struct Picture {
    CatalogueFile file;
    bool details;
    const PictureFolder* folder;
};

}  // namespace

std::string_view nameOf(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == path.npos ? path : path.substr(slash + 1);
}

OrderedJson fileInfo(const std::string& path, std::uint64_t size) {
    const std::size_t dot = path.rfind('.');
    OrderedJson json = OrderedJson::object();
    json["nombre"] = nameOf(path);
    json["tamaño_bytes"] = size;
    json["tamaño_mb"] = megabytes(size);
    json["formato"] = fold(path.substr(dot == std::string::npos ? path.size() : dot + 1));
    json["mime_type"] = mediaTypeOf(path);
    return json;
}

FileAnswers::FileAnswers(Shop& shop) : shop_(shop), budget_(kAtOnce) {
    shop.onAnswer("picture-base64", [this](const Request& r) { return base64(r, "/api/imagen-base64/", false); });
    shop.onAnswer("pdf-base64", [this](const Request& r) { return base64(r, "/api/pdf-base64/", true); });
    shop.onAnswer("pictures-base64", [this](const Request& r) { return pageOfPictures(r); });
    shop.onAnswer("pictures", [this](const Request& r) { return list(r); });
    shop.onAnswer("product-picture", [this](const Request& r) { return pictureOfProduct(r); });
    shop.onAnswer("month-pdf", [this](const Request& r) { return pdfOfMonth(r); });
    shop.onAnswer("pdf", [this](const Request& r) { return pdf(r); });
}

Body FileAnswers::base64(const Request& request, std::string_view prefix, bool pdf) const {
    const std::string path = filePath(request, prefix);
    const auto file = shop_.frame.files.open(path);
    if (!file) {
        if (shop_.frame.files.kind(path) == FileRoot::Kind::kFolder)
            throw Refusal(400, "La ruta no es un archivo");
        throw Refusal(404, "Archivo no encontrado");
    }
    if (pdf ? !isPdfName(path) : !isPictureName(path))
        throw Refusal(400, pdf ? "El archivo no es un PDF" : "El archivo no es una imagen png, jpg, jpeg, gif o webp");
    const OrderedJson info = fileInfo(path, file->size);
    const bool force = isTrue(request.query(), "force");
    if (file->size > (force ? kForced : kUsual)) {
        OrderedJson json = OrderedJson::object();
        json["success"] = false;
        json["error"] = std::string("El archivo pasa de ") + (force ? "50" : "5") + " MB";
        json["archivo"] = info;
        json["sugerencia"] = force || file->size > kForced
                                 ? "Descarga el archivo con url_descarga_directa"
                                 : "Descarga el archivo con url_descarga_directa, o pídelo con force=true";
        json["url_descarga_directa"] = shop_.baseOf(request) + "/api/catalogos/" + encodePath(path);
        return Response::json(dump(json));
    }
    auto lease = budget_.take(file->size);
    if (!lease) throw busy();
    LongBody body;
    body.add("{\"success\":true,\"archivo\":" + dump(info) + ",\"base64\":\"");
    if (!body.addBase64(*file)) throw changing();
    body.add("\"}");
    return std::move(body).finish(std::move(lease));
}

CatalogueFiles::Filter FileAnswers::filterOf(const Request& request) const {
    const auto value = [&](const char* name) { return queryValue(request.query(), name).value_or(""); };
    CatalogueFiles::Filter filter;
    if (const std::string name = value("segmento"); !name.empty()) filter.segment = &shop_.needSegment(name);
    std::string year = value("ano");
    for (const char* other : {"año", "anio"}) {
        if (year.empty()) year = value(other);
    }
    const std::string month = value("mes");
    if (!year.empty()) filter.year = shop_.needMonth(year, "1").year;
    if (!month.empty()) filter.month = shop_.needMonth("2000", month).number;
    filter.category = value("categoria");
    const auto knows = [&](const Segment& segment) {
        return (filter.segment == nullptr || filter.segment == &segment) && segment.find(filter.category) != nullptr;
    };
    const auto& all = shop_.segments.all();
    if (!filter.category.empty() && std::none_of(all.begin(), all.end(), knows))
        throw Refusal(404, "Categoría no encontrada");
    const std::string kind = fold(value("tipo"));
    if (kind == "listado" || kind == "precios") filter.details = false;
    if (kind == "caracteristicas") filter.details = true;
    return filter;
}

Body FileAnswers::list(const Request& request) const {
    static const ProductTable::Products kNone;
    const AnswerParts parts{shop_.segments, shop_.files, kNone, shop_.baseOf(request), shop_.currentMonth()};
    return Response::json(dump(picturesJson(parts, filterOf(request))));
}

/// As many pictures as fit into what one answer may carry; the rest by the address in `siguiente`.
Body FileAnswers::pageOfPictures(const Request& request) const {
    const auto folders = shop_.files.pictureFolders(shop_.segments, filterOf(request));
    std::vector<Picture> pictures;
    for (const PictureFolder& folder : folders) {
        for (CatalogueFile& file : shop_.files.picturesIn(folder.path))
            pictures.push_back({std::move(file), folder.details, &folder});
    }
    std::sort(pictures.begin(), pictures.end(), [](const Picture& a, const Picture& b) { return a.file.path < b.file.path; });
    const std::string from = queryValue(request.query(), "desde").value_or("");
    auto next = std::find_if(pictures.begin(), pictures.end(), [&](const Picture& p) { return p.file.path >= from; });

    auto lease = budget_.take(kUsual);
    if (!lease) throw busy();
    const std::string base = shop_.baseOf(request);
    LongBody body;
    body.add("{\"imagenes\":[");
    std::uint64_t bytes = 0;
    const char* comma = "";
    for (; next != pictures.end(); ++next) {
        const auto file = shop_.frame.files.open(next->file.path);
        if (!file) continue;
        const bool tooLarge = file->size > kUsual;
        if (!tooLarge && bytes + file->size > kUsual) break;
        OrderedJson json = fileInfo(next->file.path, file->size);
        json["ruta"] = next->file.path;
        json["url"] = base + "/api/catalogos/" + encodePath(next->file.path);
        json["segmento"] = next->folder->segment->name;
        json["categoria"] = next->folder->category->name;
        json["tipo"] = next->details ? "caracteristicas" : "listado";
        json["success"] = !tooLarge;
        if (tooLarge) json["error"] = "El archivo pasa de 5 MB: descárgalo con url";
        std::string text = dump(json);
        text.pop_back();
        body.add(comma + text + ",\"base64\":");
        comma = ",";
        if (tooLarge) {
            body.add("null}");
            continue;
        }
        body.add("\"");
        if (!body.addBase64(*file)) throw changing();
        body.add("\"}");
        bytes += file->size;
    }
    OrderedJson rest = nullptr;
    if (next != pictures.end())
        rest = base + "/api/imagenes-base64?" + filterText(request.query()) + "desde=" + encodePath(next->file.path);
    body.add("],\"total\":" + std::to_string(pictures.size()) + ",\"siguiente\":" + dump(rest) + "}");
    return std::move(body).finish(std::move(lease));
}

Body FileAnswers::pictureOfProduct(const Request& request) const {
    const auto parts = pathParts(request, "/api/imagen/");
    if (parts.size() != 6) throw Refusal(404, "Ruta no encontrada");
    const std::string kind = fold(parts[5]);
    if (kind != "listado" && kind != "caracteristicas")
        throw Refusal(400, "El tipo de imagen debe ser listado o caracteristicas");
    CatalogueQuestion question;
    question.segment = &shop_.needSegment(parts[0]);
    question.month = shop_.needMonth(parts[1], parts[2]);
    question.category = &shop_.needCategory(*question.segment, parts[3]);
    const ProductTable::View products = shop_.table.view();
    for (const Product* product : productsOf(question, *products)) {
        if (fold(product->code) != fold(parts[4])) continue;
        const std::string& path = kind == "listado" ? product->listPicture : product->detailPicture;
        if (path.empty()) throw Refusal(404, "El producto no tiene esa imagen");
        return file(path);
    }
    throw Refusal(404, "Producto no encontrado");
}

Body FileAnswers::pdfOfMonth(const Request& request) const {
    const auto parts = pathParts(request, "/api/catalogo-completo/");
    const Segment& segment = shop_.needSegment(parts[0]);
    const bool current = parts.size() == 2 && (fold(parts[1]) == "mes-actual" || fold(parts[1]) == "activo");
    if (!current && parts.size() != 3) throw Refusal(404, "Ruta no encontrada: falta mes-actual, o el año y el mes");
    const Month month = current ? shop_.currentMonth() : shop_.needMonth(parts[1], parts[2]);
    const auto pdf = shop_.files.pdfIn(shop_.files.monthFolder(segment, month));
    if (!pdf) {
        throw Refusal(404, "No hay catálogo completo de " + segment.name + " para " + month.name() + " de " + month.yearText());
    }
    return file(pdf->path);
}

Body FileAnswers::pdf(const Request& request) const {
    const std::string path = filePath(request, "/api/ver-pdf/");
    if (!isPdfName(path)) throw Refusal(400, "El archivo no es un PDF");
    return file(path);
}

Body FileAnswers::file(const std::string& path) const {
    const auto file = shop_.frame.files.open(path);
    if (!file) throw Refusal(404, "Archivo no encontrado");
    HeaderList headers{{"Content-Type", std::string(mediaTypeOf(path))},
                       {"Content-Disposition", "inline"},
                       {"Last-Modified", httpDate(file->modifiedNs)},
                       {"X-Content-Type-Options", "nosniff"}};
    return Body::file(file->fd->get(), 0, file->size, std::const_pointer_cast<Fd>(file->fd), 200, std::move(headers));
}

}  // namespace totem::images
