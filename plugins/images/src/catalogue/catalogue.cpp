#include "catalogue/catalogue.hpp"

#include "catalogue/catalogue_routes.hpp"
#include "catalogue/file_answers.hpp"
#include "catalogue/import.hpp"
#include "catalogue/product_routes.hpp"
#include "catalogue/shop.hpp"
#include "catalogue/shop_actions.hpp"
#include "catalogue/site_pages.hpp"

namespace totem::images {

struct Catalogue::Parts {
    explicit Parts(const PluginFrame& frame)
        : shop(frame), routes(shop), files(shop), products(shop), pages(shop), actions(shop), importer(shop) {}

    Shop shop;
    CatalogueRoutes routes;
    FileAnswers files;
    ProductRoutes products;
    SitePages pages;
    ShopActions actions;
    Importer importer;
};

Catalogue::Catalogue(const PluginFrame& frame) : parts_(std::make_unique<Parts>(frame)) {}
Catalogue::~Catalogue() = default;

void Catalogue::start() {
    parts_->shop.table.view();
    if (const std::size_t lost = parts_->shop.table.unreadable(); lost > 0)
        parts_->shop.frame.log.error("products.unreadable", {{"rows", static_cast<std::int64_t>(lost)}});
    parts_->routes.start();
}

void Catalogue::stop() { parts_->routes.stop(); }

}  // namespace totem::images
