#include "catalogue/catalogue_routes.hpp"

#include <algorithm>

#include "catalogue/refusal.hpp"
#include "catalogue/text.hpp"

namespace totem::images {
namespace {

constexpr std::string_view kPrefix = "/api/catalogo/";
constexpr std::size_t kCacheBytes = 32u << 20;

bool isCurrent(std::string_view part) {
    const std::string word = fold(part);
    return word == "mes-actual" || word == "activo";
}

bool isAvailable(std::string_view part) {
    const std::string word = fold(part);
    return word == "disponibles" || word == "productos-disponibles";
}

Body bodyOf(const CachedAnswer& answer, const Request& request) {
    if (request.header("If-None-Match") == answer.etag) {
        Response same = Response::empty(304);
        same.header("ETag", answer.etag).header("Cache-Control", "no-cache");
        return same;
    }
    Response response = Response::json(answer.body);
    response.header("ETag", answer.etag).header("Cache-Control", "no-cache");
    return response;
}

}  // namespace

CatalogueRoutes::CatalogueRoutes(Shop& shop) : shop_(shop), cache_(kCacheBytes) {
    shop_.onRoute("catalogue", [this](Call& call, const Request& request) { serve(call, request); });
}

CatalogueRoutes::Asked CatalogueRoutes::read(const Request& request) const {
    const std::vector<std::string> parts = pathParts(request, kPrefix);
    Asked asked;
    asked.question.segment = &shop_.needSegment(parts[0]);
    std::size_t next = 1;
    if (parts.size() > 1 && isCurrent(parts[1])) {
        asked.question.month = shop_.currentMonth();
        next = 2;
    } else if (parts.size() > 2) {
        asked.question.month = shop_.needMonth(parts[1], parts[2]);
        next = 3;
    } else {
        throw Refusal(404, "Ruta no encontrada: falta mes-actual, o el año y el mes");
    }
    if (next < parts.size() && !isAvailable(parts[next]))
        asked.question.category = &shop_.needCategory(*asked.question.segment, parts[next++]);
    if (next < parts.size() && isAvailable(parts[next])) {
        asked.question.availableOnly = true;
        ++next;
    } else if (next < parts.size()) {
        asked.product = parts[next++];
    }
    if (next != parts.size()) throw Refusal(404, "Ruta no encontrada");
    return asked;
}

AnswerStamp CatalogueRoutes::stamp() const {
    return {shop_.table.generation(), shop_.fileGeneration, shop_.currentMonth()};
}

std::string CatalogueRoutes::keyOf(const CatalogueQuestion& question, const std::string& base) {
    std::string key = question.segment->name + "/" + question.month.yearText() + "/" + question.month.numberText();
    key += question.category == nullptr ? "" : "/" + question.category->folder;
    return key + (question.availableOnly ? "?" : "") + "\n" + base;
}

void CatalogueRoutes::serve(Call& call, const Request& request) {
    Asked asked = read(request);
    if (asked.product.empty()) {
        if (const auto answer = cache_.find(keyOf(asked.question, shop_.baseOf(request)), stamp())) {
            call.succeed(bodyOf(*answer, request));
            return;
        }
    } else if (const auto products = shop_.table.viewIfLoaded()) {
        Body body = productBody(asked, request, *products);
        call.succeed(std::move(body));
        return;
    }
    serveLater(call, request, std::move(asked));
}

void CatalogueRoutes::serveLater(Call& call, const Request& request, Asked asked) {
    // The request is valid until its call is answered.
    auto waiting = std::make_shared<Call>(std::move(call));
    const bool posted = background_.post([this, waiting, request, asked = std::move(asked)] {
        Body body;
        try {
            if (!asked.product.empty()) {
                body = productBody(asked, request, *shop_.table.view());
            } else {
                const std::string base = shop_.baseOf(request);
                body = bodyOf(*make(asked.question, keyOf(asked.question, base), base), request);
            }
        } catch (...) {
            body = shop_.answerForException();
        }
        waiting->succeed(std::move(body));
    });
    if (posted) return;
    try {
        throw Failure(Status::kBusy, "too many requests wait for a catalogue");
    } catch (...) {
        waiting->succeed(shop_.answerForException());
    }
}

AnswerCache::Answer CatalogueRoutes::make(const CatalogueQuestion& question, const std::string& key,
                                          const std::string& base) {
    shop_.table.view();  // reading them from the store counts as a change
    // The stamp comes first: what changes meanwhile makes this answer old, never too new.
    const AnswerStamp now = stamp();
    if (auto made = cache_.find(key, now)) return made;
    const ProductTable::View products = shop_.table.view();
    const AnswerParts parts{shop_.segments, shop_.files, *products, base, now.current};
    const auto json = catalogueJson(question, parts);
    if (!json) {
        throw Refusal(404, "No hay catálogo de " + question.segment->name + " para " + question.month.name() +
                               " de " + question.month.yearText());
    }
    auto answer = makeAnswer(dump(*json));
    cache_.keep(key, now, answer);
    return answer;
}

Body CatalogueRoutes::productBody(const Asked& asked, const Request& request,
                                  const ProductTable::Products& products) const {
    const std::string code = fold(asked.product);
    const auto found = productsOf(asked.question, products);
    const auto product = std::find_if(found.begin(), found.end(),
                                      [&](const Product* p) { return fold(p->code) == code; });
    if (product == found.end()) throw Refusal(404, "Producto no encontrado");
    const AnswerParts parts{shop_.segments, shop_.files, products, shop_.baseOf(request), shop_.currentMonth()};
    OrderedJson json = productJson(**product, parts);
    json["urls"]["imagen_listado"] = json["imagen"]["url"];
    json["urls"]["imagen_caracteristicas"] = json["imagen_caracteristicas"]["url"];
    return Response::json(dump(json));
}

}  // namespace totem::images
