#pragma once

#include "catalogue/shop.hpp"

namespace totem::images {

/// What the server says about itself: /, /health, /diagnostico, /docs and /openapi.json, the small
/// lists /api/segmentos and /api/meses-disponibles. None of them names a path of the server.
class SitePages {
public:
    explicit SitePages(Shop& shop);

private:
    Body diagnostics();
    Body health();
    AnswerParts partsFor(const Request& request, const ProductTable::Products& products) const;

    Shop& shop_;
    const std::string openApi_, index_, docs_;
};

}  // namespace totem::images
