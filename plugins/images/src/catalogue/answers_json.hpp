#pragma once

#include <optional>
#include <string>

#include "catalogue/catalogue_files.hpp"
#include "catalogue/product.hpp"
#include "catalogue/product_table.hpp"

namespace totem::images {

/// What an answer is made from. Borrowed for the time of the making.
struct AnswerParts {
    const Segments& segments;
    const CatalogueFiles& files;
    const ProductTable::Products& products;
    std::string base;  ///< "http://img.example", before every path
    Month current;
};

/// One question for a catalogue; `category` null: all of them.
struct CatalogueQuestion {
    const Segment* segment = nullptr;
    Month month;
    const Category* category = nullptr;
    bool availableOnly = false;
};

/// {url, url_relativa, url_base64} of a picture; three nulls for the empty path.
OrderedJson pictureJson(const std::string& base, const std::string& path);
/// {nombre, url, url_relativa, url_base64, tamaño_mb}.
OrderedJson pdfJson(const std::string& base, const CatalogueFile& pdf);

/// A product as catalogues tell of it.
OrderedJson productJson(const Product& product, const AnswerParts& parts);
/// A row of /api/productos: pictures as whole URLs.
OrderedJson tableRow(const Product& product, const std::string& base);

/// A month's catalogue, or one category of it. Nothing when there is neither a folder nor a
/// product: what is missing must not read as empty.
std::optional<OrderedJson> catalogueJson(const CatalogueQuestion& question, const AnswerParts& parts);

/// The products of a question in the order of their ids; null month: of all months.
std::vector<const Product*> productsOf(const CatalogueQuestion& question,
                                       const ProductTable::Products& products);

OrderedJson segmentsJson(const AnswerParts& parts);
/// Newest first; `segment` null: of all.
OrderedJson monthsJson(const AnswerParts& parts, const Segment* segment);
OrderedJson picturesJson(const AnswerParts& parts, const CatalogueFiles::Filter& filter);

/// "12.34": megabytes with two decimals.
double megabytes(std::uint64_t bytes);

std::string dump(const OrderedJson& value);

}  // namespace totem::images
