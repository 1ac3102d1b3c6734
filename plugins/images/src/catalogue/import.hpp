#pragma once

#include <string>
#include <vector>

#include <totem/json.hpp>
#include <totem/workers.hpp>

#include "catalogue/shop.hpp"

namespace totem::images {

/// What became of the rows of a catalogos.db, each mended where it can be.
struct ImportedRows {
    struct Note {
        std::string row;  ///< its id
        std::string code;
        std::string reason;
    };
    std::vector<Product> products;
    std::vector<Note> skipped;   ///< rows that are no products
    std::vector<Note> warnings;  ///< products that lost a part
};

/// Reads rows as the old service stored them: segments and months as somebody typed them, pictures
/// in four spellings, instalments as an object or as text, nulls where none may be.
ImportedRows readRows(const Json& rows, const Segments& segments, Month current);

/// The action images.import: takes the bytes of a catalogos.db as base64, has a worker read it, and
/// puts the products into the table. The same file may be imported again.
class Importer {
public:
    explicit Importer(Shop& shop);

private:
    std::string import(Call& call, const Json& input);

    Shop& shop_;
    const Workers workers_;
};

}  // namespace totem::images
