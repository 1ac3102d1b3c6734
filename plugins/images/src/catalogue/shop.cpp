#include "catalogue/shop.hpp"

#include <algorithm>
#include <set>

#include <totem/json.hpp>

#include "answers.hpp"
#include "catalogue/refusal.hpp"
#include "catalogue/text.hpp"
#include "request_path.hpp"

namespace totem::images {
namespace {

/// The segments as they have always been, for configurations that name none.
constexpr const char* kSegments = R"({
    "fnb": ["1-celulares", "2-laptops", "3-televisores", "4-refrigeradoras", "5-lavadoras"],
    "gaso": ["1-celulares", "2-televisores", "3-refrigeradores", "4-lavadoras", "5-fusion"]
})";

Segments readSegments(std::string_view config) {
    const OrderedJson json = OrderedJson::parse(config);
    const OrderedJson given = json.contains("segments") ? json.at("segments") : OrderedJson::parse(kSegments);
    std::vector<Segment> segments;
    std::set<std::string> names;
    for (const auto& [name, folders] : given.items()) {
        if (!isPlainPath(name) || name.find('/') != name.npos || !names.insert(fold(name)).second)
            throw Failure(Status::kInvalid, "segments: \"" + name + "\" is no folder's name, or there twice");
        Segment segment{name, {}};
        std::set<std::string> categories;
        for (const auto& value : folders) {
            const std::string folder = value.get<std::string>();
            const std::string category(withoutNumber(folder));
            if (!isPlainPath(folder) || folder.find('/') != folder.npos || category.empty() ||
                !categories.insert(fold(category)).second) {
                throw Failure(Status::kInvalid, "segments." + name + ": \"" + folder +
                                                    "\" is no folder's name, or there twice");
            }
            segment.categories.push_back({folder, category});
        }
        segments.push_back(std::move(segment));
    }
    if (segments.empty()) throw Failure(Status::kInvalid, "segments: name at least one");
    return Segments(std::move(segments));
}

bool isPlainHost(std::string_view host) {
    return !host.empty() && host.size() <= 255 && std::all_of(host.begin(), host.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view(".-_:[]").find(c) != std::string_view::npos;
    });
}

Body invalid(const InvalidProduct& error) {
    OrderedJson json{{"detail", error.what()}, {"errors", OrderedJson::array()}};
    for (const FieldError& wrong : error.errors()) {
        OrderedJson entry = OrderedJson::object();
        entry["loc"] = {"body", wrong.field};
        entry["msg"] = wrong.message;
        entry["type"] = "value_error";
        json["errors"].push_back(std::move(entry));
    }
    return Response::json(dump(json), 422);
}

}  // namespace

Shop::Shop(const PluginFrame& f)
    : frame(f),
      segments(readSegments(f.config)),
      zone(f.settings.timezone),
      files(f.files),
      store(f.host),
      table(store),
      clock(f.host) {
    frame.onFileChange([this](const std::string&) { ++fileGeneration; });
}

Month Shop::currentMonth() const { return zone.monthAt(clock.unixNs() / 1'000'000'000); }

std::string Shop::baseOf(const Request& request) const {
    if (!frame.settings.publicUrl.empty()) return frame.settings.publicUrl;
    const std::string_view host = request.header("Host");
    return isPlainHost(host) ? "http://" + std::string(host) : std::string();
}

const Segment& Shop::needSegment(std::string_view name) const {
    if (const Segment* segment = segments.find(name)) return *segment;
    throw Refusal(404, "Segmento no encontrado. Los segmentos son: " + segments.names());
}

const Category& Shop::needCategory(const Segment& segment, std::string_view name) const {
    if (const Category* category = segment.find(name)) return *category;
    std::string names;
    for (const Category& known : segment.categories) names += (names.empty() ? "" : ", ") + known.name;
    throw Refusal(404, "Categoría no encontrada. Las categorías de " + segment.name + " son: " + names);
}

Month Shop::needMonth(std::string_view year, std::string_view month) const {
    const auto yearNumber = readYear(year);
    const auto monthNumber = readMonthNumber(month);
    if (!yearNumber) throw Refusal(404, "Año no encontrado: debe tener cuatro cifras, como 2025");
    if (!monthNumber) throw Refusal(404, "Mes no encontrado: debe ser como noviembre, 11-noviembre u 11");
    return {*yearNumber, *monthNumber};
}

Body Shop::answerForException() const {
    try {
        throw;
    } catch (const Refusal& refused) {
        return refusal(refused.status(), refused.what());
    } catch (const InvalidProduct& error) {
        return invalid(error);
    } catch (const DuplicateCode& error) {
        OrderedJson json{{"detail", error.what()}, {"errors", OrderedJson::array()}};
        return Response::json(dump(json), 409);
    } catch (const Failure& failure) {
        frame.log.error("catalogue.unavailable", {{"reason", failure.what()}});
        Response response = refusal(503, "Los datos no están disponibles en este momento. Inténtalo de nuevo.");
        response.header("Retry-After", "5");
        return response;
    } catch (const std::exception& error) {
        frame.log.error("catalogue.failed", {{"reason", error.what()}});
        return refusal(500, "Error interno. El registro del servidor dice por qué.");
    }
}

void Shop::onRoute(std::string name, std::function<void(Call&, const Request&)> handler) const {
    frame.onRoute(std::move(name), [this, handler = std::move(handler)](Call& call, const Request& request) {
        const Settings& settings = frame.settings;
        if (settings.policy(request.listener()).readsNeedToken && !bearsToken(request, settings.tokens)) {
            call.succeed(refusal(401, "Falta el token de acceso"));
            return;
        }
        try {
            handler(call, request);
        } catch (...) {
            call.succeed(answerForException());
        }
    });
}

void Shop::onAnswer(std::string name, std::function<Body(const Request&)> handler) const {
    onRoute(std::move(name), [handler = std::move(handler)](Call& call, const Request& request) {
        Body body = handler(request);
        call.succeed(std::move(body));
    });
}

std::vector<std::string> pathParts(const Request& request, std::string_view prefix) {
    std::string_view rest = request.path().substr(std::min(prefix.size(), request.path().size()));
    if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
    std::vector<std::string> parts;
    for (const std::string_view part : split(rest, '/')) {
        auto decoded = decodeOnce(part);
        if (!decoded || decoded->empty()) throw Refusal(404, "Ruta no encontrada");
        parts.push_back(std::move(*decoded));
    }
    return parts;
}

std::string filePath(const Request& request, std::string_view prefix) {
    constexpr std::string_view kRoot = "catalogos/";
    auto path = decodeOnce(request.path().substr(std::min(prefix.size(), request.path().size())));
    if (path && path->compare(0, kRoot.size(), kRoot) == 0) path->erase(0, kRoot.size());
    if (!path || !isPlainPath(*path)) throw Refusal(404, "Archivo no encontrado");
    return std::move(*path);
}

}  // namespace totem::images
