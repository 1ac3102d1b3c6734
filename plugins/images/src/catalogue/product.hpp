#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "catalogue/month.hpp"
#include "catalogue/segments.hpp"

namespace totem::images {

/// JSON whose members keep the order in which they were written.
using OrderedJson = nlohmann::ordered_json;

/// One article of a month's catalogue. Everything in it has been checked: `segment` and `category`
/// are names of the configuration, pictures are paths below the folder `catalogos`.
struct Product {
    std::int64_t id = 0;
    std::string code;
    std::string name;
    std::optional<std::string> description;
    double price = 0;
    std::string category;
    std::string listPicture, detailPicture, detailPicture2;  ///< empty: none
    OrderedJson instalments = OrderedJson::object();         ///< {"3": 338.85, …}
    Month month;
    std::string segment;
    std::string state = "disponible";  ///< or "no_disponible", "agotado"
    bool stock = true;

    bool available() const { return state == "disponible"; }
};

/// A member that was refused and why, in Spanish.
struct FieldError {
    std::string field;
    std::string message;
};

/// What a request may not store; the sentence is for people, the list for programs.
class InvalidProduct : public std::runtime_error {
public:
    explicit InvalidProduct(std::vector<FieldError> errors);
    InvalidProduct(const char* field, const char* message)
        : InvalidProduct(std::vector<FieldError>{{field, message}}) {}
    const std::vector<FieldError>& errors() const { return errors_; }

private:
    std::vector<FieldError> errors_;
};

/// Lays the members that `input` has over `base`, checked, and makes state and stock agree: what is
/// `agotado` has no stock, what is `disponible` has some, and stock alone decides between the two.
/// Texts are trimmed, numbers may come as texts, `cuotas` as a JSON text, pictures in any of the
/// forms of pictureOf(). Throws InvalidProduct with everything that is wrong.
Product changedProduct(Product base, const nlohmann::json& input, const Segments& segments);

/// A new product: as above, and what it must have is demanded. Without a month it is `current`.
Product newProduct(const nlohmann::json& input, const Segments& segments, Month current);

/// The path below `catalogos` of a relative path, "catalogos/…", "/api/catalogos/…" or a whole URL,
/// percent-encoded or not. Nothing for what leads elsewhere or is no picture.
std::optional<std::string> pictureOf(std::string_view text);

/// As the store keeps it and /api/productos answers it; pictures as they are in the product.
OrderedJson rowOf(const Product& product);
/// The reverse, for what rowOf() wrote. Throws std::exception.
Product productOfRow(const OrderedJson& row);

}  // namespace totem::images
