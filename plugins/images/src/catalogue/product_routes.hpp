#pragma once

#include "catalogue/shop.hpp"

namespace totem::images {

/// /api/productos, where products are kept, and the small answers about them. Writes need one of
/// the configured tokens.
class ProductRoutes {
public:
    explicit ProductRoutes(Shop& shop);

private:
    Body products(const Request& request);
    Body product(const Request& request);
    Body list(const Request& request);
    Body validate(const Request& request);
    void needToken(const Request& request) const;
    struct Sent;
    Sent read(const Request& request) const;
    std::vector<std::string> storePictures(Sent& sent, const Product& product) const;
    void takeAway(const std::vector<std::string>& paths) const;
    /// Runs `write` with the pictures in their places, and takes new ones away when it fails.
    template <typename Write>
    auto withPictures(Sent& sent, const Product& product, Write write) const;

    Shop& shop_;
};

/// Whether a product can be had: {disponible, razon} or {disponible, producto}.
struct Availability {
    bool known = false;
    OrderedJson json;
};
Availability availabilityOf(Shop& shop, const CatalogueQuestion& question, const std::string& code,
                            const std::string& base);

}  // namespace totem::images
