#include "catalogue/product.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "catalogue/text.hpp"
#include "media_type.hpp"
#include "request_path.hpp"

namespace totem::images {
namespace {

using nlohmann::json;

constexpr double kMaxPrice = 10'000'000;
constexpr std::size_t kMaxInstalments = 60;
constexpr std::size_t kMaxInstalmentsText = 4000;
constexpr std::size_t kMaxPath = 1000;

std::string trimmed(const std::string& text) {
    constexpr const char* kBlank = " \t\r\n";
    const std::size_t from = text.find_first_not_of(kBlank);
    if (from == std::string::npos) return {};
    return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

bool hasControls(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7F;
    });
}

/// A number, or a text that is one.
std::optional<double> numberOf(const json& value) {
    double number = 0;
    if (value.is_number()) {
        number = value.get<double>();
    } else if (value.is_string()) {
        const std::string text = trimmed(value.get<std::string>());
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (text.empty() || error != std::errc() || end != text.data() + text.size())
            return std::nullopt;
    } else {
        return std::nullopt;
    }
    return std::isfinite(number) && number >= 0 && number <= kMaxPrice ? std::optional(number)
                                                                       : std::nullopt;
}

std::optional<bool> truthOf(const json& value) {
    if (value.is_boolean()) return value.get<bool>();
    if (value == 0 || value == "0" || value == "false") return false;
    if (value == 1 || value == "1" || value == "true") return true;
    return std::nullopt;
}

/// Lays one request over one product, and notes what is wrong.
class Change {
public:
    Change(Product base, const json& input, const Segments& segments)
        : product_(std::move(base)), input_(input), segments_(segments) {}

    void demand(std::initializer_list<const char*> fields) {
        for (const char* field : fields) {
            if (!input_.contains(field)) refuse(field, "falta");
        }
    }

    Product apply() {
        text("codigo", 50, product_.code);
        text("nombre", 200, product_.name);
        description();
        price();
        placement();
        picture("imagen_listado", product_.listPicture);
        picture("imagen_caracteristicas", product_.detailPicture);
        picture("imagen_caracteristicas_2", product_.detailPicture2);
        instalments();
        month();
        stateAndStock();
        if (!errors_.empty()) throw InvalidProduct(std::move(errors_));
        return std::move(product_);
    }

private:
    void refuse(const char* field, std::string message) {
        errors_.push_back({field, std::move(message)});
    }
    const json* given(const char* field) const {
        const auto found = input_.find(field);
        return found == input_.end() ? nullptr : &*found;
    }

    void text(const char* field, std::size_t limit, std::string& out) {
        const json* value = given(field);
        if (value == nullptr) return;
        // Codes of digits alone come as numbers, too.
        const std::string text = value->is_string()           ? trimmed(value->get<std::string>())
                                 : value->is_number_integer() ? value->dump()
                                                              : std::string();
        if (text.empty()) return refuse(field, "debe ser un texto que no esté vacío");
        if (countCharacters(text) > limit)
            return refuse(field, "no debe pasar de " + std::to_string(limit) + " caracteres");
        if (hasControls(text) || text.find('\n') != text.npos)
            return refuse(field, "no debe llevar caracteres de control");
        out = text;
    }

    void description() {
        const json* value = given("descripcion");
        if (value == nullptr) return;
        if (value->is_null()) {
            product_.description.reset();
            return;
        }
        if (!value->is_string()) return refuse("descripcion", "debe ser un texto");
        const std::string text = trimmed(value->get<std::string>());
        if (countCharacters(text) > 500)
            return refuse("descripcion", "no debe pasar de 500 caracteres");
        if (hasControls(text)) return refuse("descripcion", "no debe llevar caracteres de control");
        product_.description = text;
    }

    void price() {
        const json* value = given("precio");
        if (value == nullptr) return;
        const auto number = numberOf(*value);
        if (!number) return refuse("precio", "debe ser un número de 0 a 10000000");
        product_.price = *number;
    }

    /// The category is the segment's, so a product that moves brings a category that is known there.
    void placement() {
        if (const json* value = given("segmento")) {
            const Segment* segment =
                value->is_string() ? segments_.find(trimmed(value->get<std::string>())) : nullptr;
            if (segment == nullptr)
                return refuse("segmento", "debe ser uno de estos: " + segments_.names());
            product_.segment = segment->name;
        }
        const json* value = given("categoria");
        if (value == nullptr && product_.category.empty()) return;
        const Segment* segment = segments_.find(product_.segment);
        if (segment == nullptr) return refuse("segmento", "debe ser uno de estos: " + segments_.names());
        const std::string wanted = value == nullptr     ? product_.category
                                   : value->is_string() ? trimmed(value->get<std::string>())
                                                        : std::string();
        const Category* category = segment->findExact(wanted);
        if (category == nullptr) {
            std::string names;
            for (const Category& known : segment->categories)
                names += (names.empty() ? "" : ", ") + known.name;
            return refuse("categoria", "debe ser una de las de " + segment->name + ": " + names);
        }
        product_.category = category->name;
    }

    void picture(const char* field, std::string& out) {
        const json* value = given(field);
        if (value == nullptr) return;
        const std::string text = value->is_string() ? trimmed(value->get<std::string>()) : "";
        if (value->is_null() || (value->is_string() && text.empty())) {
            out.clear();
            return;
        }
        const auto path = pictureOf(text);
        if (!path)
            return refuse(field, "debe ser la ruta de una imagen png, jpg, jpeg, gif o webp dentro de catalogos");
        out = *path;
    }

    void instalments() {
        const json* value = given("cuotas");
        if (value == nullptr) return;
        constexpr const char* kWrong =
            "debe ser un objeto como {\"3\": 338.85, \"6\": 180.0}, con el número de cuotas y su monto";
        OrderedJson parsed = *value;
        // Some were stored as the text of a text.
        for (int i = 0; i < 2 && parsed.is_string(); ++i) {
            const std::string text = trimmed(parsed.get<std::string>());
            if (text.size() > kMaxInstalmentsText) return refuse("cuotas", kWrong);
            parsed = text.empty() ? OrderedJson() : OrderedJson::parse(text, nullptr, false);
        }
        if (parsed.is_null()) parsed = OrderedJson::object();
        if (!parsed.is_object() || parsed.size() > kMaxInstalments) return refuse("cuotas", kWrong);
        std::vector<std::pair<int, double>> sorted;
        for (const auto& [count, amount] : parsed.items()) {
            int number = 0;
            const std::string key = trimmed(count);
            const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
            const auto money = numberOf(json(amount));
            if (error != std::errc() || end != key.data() + key.size() || number < 1 ||
                number > 600 || !money) {
                return refuse("cuotas", kWrong);
            }
            sorted.emplace_back(number, *money);
        }
        std::sort(sorted.begin(), sorted.end());
        product_.instalments = OrderedJson::object();
        for (const auto& [count, money] : sorted)
            product_.instalments[std::to_string(count)] = money;
    }

    void month() {
        if (const json* value = given("mes")) {
            const std::string text = value->is_string() ? trimmed(value->get<std::string>())
                                                        : value->dump();
            const auto number = readMonthNumber(text);
            if (!number) return refuse("mes", "debe ser un mes, como noviembre o 11");
            product_.month.number = *number;
        }
        if (const json* value = given("ano")) {
            const std::string text = value->is_string() ? trimmed(value->get<std::string>())
                                                        : value->dump();
            const auto year = readYear(text);
            if (!year) return refuse("ano", "debe ser un año de 2000 a 2100");
            product_.month.year = *year;
        }
    }

    void stateAndStock() {
        const json* state = given("estado");
        const json* stock = given("stock");
        if (stock != nullptr) {
            const auto truth = truthOf(*stock);
            if (!truth) return refuse("stock", "debe ser true o false");
            product_.stock = *truth;
        }
        if (state != nullptr) {
            const std::string text = state->is_string() ? fold(trimmed(state->get<std::string>())) : "";
            if (text != "disponible" && text != "no_disponible" && text != "agotado")
                return refuse("estado", "debe ser disponible, no_disponible o agotado");
            product_.state = text;
            if (text != "no_disponible") product_.stock = text == "disponible";
        } else if (stock != nullptr) {
            if (!product_.stock) product_.state = "agotado";
            else if (product_.state == "agotado") product_.state = "disponible";
        }
    }

    Product product_;
    const json& input_;
    const Segments& segments_;
    std::vector<FieldError> errors_;
};

std::string sentenceOf(const std::vector<FieldError>& errors) {
    std::string text = "El producto no es válido: ";
    for (std::size_t i = 0; i < errors.size(); ++i)
        text += (i == 0 ? "" : "; ") + errors[i].field + " " + errors[i].message;
    return text + ".";
}

/// Only what can be a URL of ours is decoded: a raw name may hold a percent sign, too, but then it
/// usually holds a blank or a letter that no URL holds.
std::string decodedUrl(std::string_view text) {
    const bool raw = std::any_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F;
    });
    const auto decoded = raw ? std::nullopt : decodeOnce(text);
    return decoded ? *decoded : std::string(text);
}

const json& objectOf(const json& input) {
    if (!input.is_object())
        throw InvalidProduct("body", "debe ser un objeto JSON con los datos del producto");
    return input;
}

std::string textOf(const OrderedJson& row, const char* field) {
    return row.value(field, std::string());
}

}  // namespace

InvalidProduct::InvalidProduct(std::vector<FieldError> errors)
    : std::runtime_error(sentenceOf(errors)), errors_(std::move(errors)) {}

std::optional<std::string> pictureOf(std::string_view text) {
    if (text.size() > kMaxPath || hasControls(text)) return std::nullopt;
    std::string path(text);
    std::replace(path.begin(), path.end(), '\\', '/');
    const std::string folded = fold(path);
    const bool whole = folded.rfind("http://", 0) == 0 || folded.rfind("https://", 0) == 0;
    if (whole) {
        const std::size_t slash = path.find('/', path.find("//") + 2);
        if (slash == std::string::npos) return std::nullopt;
        path = path.substr(slash);
    }
    if (whole || path.rfind("/api/", 0) == 0)
        path = decodedUrl(std::string_view(path).substr(0, path.find_first_of("?#")));
    path.erase(0, std::min(path.find_first_not_of('/'), path.size()));
    for (const std::string_view prefix :
         {"api/imagen-base64/", "api/imagenes/", "api/", "ver-ruta/", "images/"}) {
        if (path.rfind(prefix, 0) != 0) continue;
        path.erase(0, prefix.size());
        break;
    }
    // More than once in paths that the old service lengthened at each edit.
    while (path.rfind("catalogos/", 0) == 0) path.erase(0, 10);
    return isPlainPath(path) && isPictureName(path) ? std::optional(path) : std::nullopt;
}

Product changedProduct(Product base, const json& input, const Segments& segments) {
    return Change(std::move(base), objectOf(input), segments).apply();
}

Product newProduct(const json& input, const Segments& segments, Month current) {
    Product empty;
    empty.month = current;
    empty.segment = segments.all().front().name;
    Change change(std::move(empty), objectOf(input), segments);
    change.demand({"codigo", "nombre", "precio", "categoria"});
    return change.apply();
}

OrderedJson rowOf(const Product& product) {
    const auto path = [](const std::string& text) { return text.empty() ? OrderedJson() : OrderedJson(text); };
    OrderedJson row = OrderedJson::object();
    row["id"] = product.id;
    row["codigo"] = product.code;
    row["nombre"] = product.name;
    row["descripcion"] = product.description ? OrderedJson(*product.description) : OrderedJson();
    row["precio"] = product.price;
    row["categoria"] = product.category;
    row["imagen_listado"] = path(product.listPicture);
    row["imagen_caracteristicas"] = path(product.detailPicture);
    row["imagen_caracteristicas_2"] = path(product.detailPicture2);
    row["cuotas"] = product.instalments;
    row["mes"] = product.month.name();
    row["ano"] = product.month.yearText();
    row["segmento"] = product.segment;
    row["estado"] = product.state;
    row["stock"] = product.stock;
    return row;
}

Product productOfRow(const OrderedJson& row) {
    const auto path = [&](const char* field) {
        return row.at(field).is_null() ? std::string() : row.at(field).get<std::string>();
    };
    Product product;
    product.id = row.at("id").get<std::int64_t>();
    product.code = textOf(row, "codigo");
    product.name = textOf(row, "nombre");
    if (!row.at("descripcion").is_null()) product.description = textOf(row, "descripcion");
    product.price = row.at("precio").get<double>();
    product.category = textOf(row, "categoria");
    product.listPicture = path("imagen_listado");
    product.detailPicture = path("imagen_caracteristicas");
    product.detailPicture2 = path("imagen_caracteristicas_2");
    product.instalments = row.at("cuotas");
    product.month = {readYear(textOf(row, "ano")).value(), readMonthNumber(textOf(row, "mes")).value()};
    product.segment = textOf(row, "segmento");
    product.state = textOf(row, "estado");
    product.stock = row.at("stock").get<bool>();
    return product;
}

}  // namespace totem::images
