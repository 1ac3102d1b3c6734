#pragma once

#include <totem/json.hpp>

#include "catalogue/shop.hpp"

namespace totem::images {

/// What flows and operators ask for: images.products, images.availability, images.url and
/// images.base64. Addresses begin with the configured public_url; without one they are relative.
class ShopActions {
public:
    explicit ShopActions(Shop& shop);

private:
    std::string products(const Json& input);
    std::string availability(const Json& input);
    std::string url(const Json& input);
    std::string base64(const Json& input);
    CatalogueQuestion questionOf(const Json& input) const;
    std::string pathOf(const Json& input);

    Shop& shop_;
};

}  // namespace totem::images
