#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "catalogue/product.hpp"
#include "catalogue/product_store.hpp"

namespace totem::images {

/// Another product has the code already.
class DuplicateCode : public std::runtime_error {
public:
    explicit DuplicateCode(const std::string& code)
        : std::runtime_error("Ya existe un producto con el código " + code) {}
};

/// All products, in memory and in the store. Readers get an unchanging picture of the moment;
/// a write is in the store before anybody sees it.
///
/// Threads: any for reading; writes wait for the store, one at a time.
/// Errors: Failure (kUnavailable) while the store cannot be read or written. After a failed write
/// the table is read from the store again before it answers.
class ProductTable {
public:
    /// By id, ascending.
    using Products = std::map<std::int64_t, Product>;
    using View = std::shared_ptr<const Products>;
    /// Makes the new product from the old one; throws to refuse.
    using Change = std::function<Product(Product)>;

    explicit ProductTable(ProductStore& store) : store_(store) {}

    /// Null while the products have to be read from the store first.
    View viewIfLoaded() const;
    /// Reads them when need be; may wait.
    View view();

    /// Gives it the next free id. Throws DuplicateCode.
    Product add(Product product);
    /// Nothing when there is none with this id. Throws DuplicateCode.
    std::optional<Product> change(std::int64_t id, const Change& change);
    bool remove(std::int64_t id);
    struct Merged {
        std::size_t added = 0, changed = 0, unchanged = 0;
    };
    /// Adds those whose code is new, with their id when it is free, and replaces the others. Writes one after another: what was
    /// written before a failure stays, so the same call may simply be made again.
    Merged merge(std::vector<Product> products);

    /// Another number after each write.
    std::uint64_t generation() const { return generation_; }
    /// Rows of the store that could not be read, so that nobody sees them.
    std::size_t unreadable() const { return unreadable_; }

private:
    Products& loaded(const std::unique_lock<std::mutex>& writing);
    void keep(const Product& product);
    void publish();
    template <typename Write>
    void write(Write write);

    ProductStore& store_;
    mutable std::mutex viewMutex_;  // guards view_
    View view_;
    std::mutex writeMutex_;  // guards products_ and the order of writes
    std::optional<Products> products_;
    std::atomic<std::uint64_t> generation_{1};
    std::atomic<std::size_t> unreadable_{0};
};

/// The product that an id of a path means: its number, else its code in any case. Null: none.
const Product* findProduct(const ProductTable::Products& products, std::string_view idOrCode);

}  // namespace totem::images
