#pragma once

#include "catalogue/long_body.hpp"
#include "catalogue/shop.hpp"

namespace totem::images {

/// Pictures and PDFs of the catalogue: as base64 in JSON, by product, by month, and the lists of
/// what is there. Reads files, so none of its routes is inline.
class FileAnswers {
public:
    explicit FileAnswers(Shop& shop);

private:
    Body base64(const Request& request, std::string_view prefix, bool pdf) const;
    Body pageOfPictures(const Request& request) const;
    Body pictureOfProduct(const Request& request) const;
    Body pdfOfMonth(const Request& request) const;
    Body pdf(const Request& request) const;
    Body list(const Request& request) const;
    CatalogueFiles::Filter filterOf(const Request& request) const;
    Body file(const std::string& path) const;

    Shop& shop_;
    const Budget budget_;
};

/// {nombre, tamaño_bytes, tamaño_mb, formato, mime_type}.
OrderedJson fileInfo(const std::string& path, std::uint64_t size);

/// The last part of a path.
std::string_view nameOf(std::string_view path);

}  // namespace totem::images
