#pragma once

#include "catalogue/answer_cache.hpp"
#include "catalogue/background.hpp"
#include "catalogue/shop.hpp"

namespace totem::images {

/// /api/catalogo/…: inline from the cache; what is not there is made on a thread of its own, so
/// that however many ask for one answer, it is made once.
class CatalogueRoutes {
public:
    explicit CatalogueRoutes(Shop& shop);
    void start() { background_.start(); }
    void stop() { background_.stop(); }

private:
    /// What a path asks for: a catalogue, or one product of it.
    struct Asked {
        CatalogueQuestion question;
        std::string product;  ///< its code; empty: the catalogue
    };
    Asked read(const Request& request) const;
    AnswerStamp stamp() const;
    void serve(Call& call, const Request& request);
    void serveLater(Call& call, const Request& request, Asked asked);
    Body productBody(const Asked& asked, const Request& request, const ProductTable::Products& products) const;
    AnswerCache::Answer make(const CatalogueQuestion& question, const std::string& key, const std::string& base);
    static std::string keyOf(const CatalogueQuestion& question, const std::string& base);

    Shop& shop_;
    AnswerCache cache_;
    Background background_;
};

}  // namespace totem::images
