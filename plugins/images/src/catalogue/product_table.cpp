#include "catalogue/product_table.hpp"

#include <charconv>

#include "catalogue/text.hpp"

namespace totem::images {
namespace {

void refuseDuplicate(const ProductTable::Products& products, const Product& product) {
    const std::string code = fold(product.code);
    for (const auto& [id, other] : products) {
        if (id != product.id && fold(other.code) == code) throw DuplicateCode(product.code);
    }
}

std::string textOf(const Product& product) {
    return rowOf(product).dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace

ProductTable::View ProductTable::viewIfLoaded() const {
    const std::lock_guard lock(viewMutex_);
    return view_;
}

ProductTable::View ProductTable::view() {
    if (View view = viewIfLoaded()) return view;
    const std::unique_lock lock(writeMutex_);
    loaded(lock);
    return viewIfLoaded();
}

ProductTable::Products& ProductTable::loaded(const std::unique_lock<std::mutex>&) {
    if (products_) return *products_;
    Products products;
    std::size_t unreadable = 0;
    for (const std::string& text : store_.readAll()) {
        try {
            Product product = productOfRow(OrderedJson::parse(text));
            products.emplace(product.id, std::move(product));
        } catch (const std::exception&) {
            ++unreadable;
        }
    }
    unreadable_ = unreadable;
    products_ = std::move(products);
    publish();
    return *products_;
}

void ProductTable::publish() {
    auto view = std::make_shared<const Products>(*products_);
    const std::lock_guard lock(viewMutex_);
    view_ = std::move(view);
    ++generation_;
}

template <typename Write>
void ProductTable::write(Write write) {
    try {
        write();
    } catch (...) {
        // It may have taken place or not: only the store knows.
        products_.reset();
        const std::lock_guard lock(viewMutex_);
        view_.reset();
        ++generation_;
        throw;
    }
}

void ProductTable::keep(const Product& product) {
    const std::string text = textOf(product);
    write([&] { store_.put(product.id, text); });
    (*products_)[product.id] = product;
    publish();
}

Product ProductTable::add(Product product) {
    const std::unique_lock lock(writeMutex_);
    const Products& products = loaded(lock);
    product.id = products.empty() ? 1 : products.rbegin()->first + 1;
    refuseDuplicate(products, product);
    keep(product);
    return product;
}

std::optional<Product> ProductTable::change(std::int64_t id, const Change& change) {
    const std::unique_lock lock(writeMutex_);
    const Products& products = loaded(lock);
    const auto found = products.find(id);
    if (found == products.end()) return std::nullopt;
    Product product = change(found->second);
    refuseDuplicate(products, product);
    keep(product);
    return product;
}

bool ProductTable::remove(std::int64_t id) {
    const std::unique_lock lock(writeMutex_);
    if (loaded(lock).count(id) == 0) return false;
    write([&] { store_.remove(id); });
    products_->erase(id);
    publish();
    return true;
}

ProductTable::Merged ProductTable::merge(std::vector<Product> incoming) {
    const std::unique_lock lock(writeMutex_);
    Products& products = loaded(lock);
    std::map<std::string, std::int64_t> ids;
    for (const auto& [id, product] : products) ids.emplace(fold(product.code), id);
    Merged merged;
    for (Product& product : incoming) {
        const std::int64_t last = products.empty() ? 0 : products.rbegin()->first;
        const std::int64_t next = product.id > 0 && products.count(product.id) == 0 ? product.id : last + 1;
        const auto [known, isNew] = ids.emplace(fold(product.code), next);
        product.id = known->second;
        const std::string text = textOf(product);
        if (!isNew && textOf(products.at(product.id)) == text) {
            ++merged.unchanged;
            continue;
        }
        write([&] { store_.put(product.id, text); });
        products[product.id] = std::move(product);
        ++(isNew ? merged.added : merged.changed);
    }
    if (merged.added + merged.changed > 0) publish();
    return merged;
}

const Product* findProduct(const ProductTable::Products& products, std::string_view idOrCode) {
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(idOrCode.data(), idOrCode.data() + idOrCode.size(), id);
    if (error == std::errc() && end == idOrCode.data() + idOrCode.size()) {
        const auto found = products.find(id);
        if (found != products.end()) return &found->second;
    }
    const std::string code = fold(idOrCode);
    for (const auto& [key, product] : products) {
        if (fold(product.code) == code) return &product;
    }
    return nullptr;
}

}  // namespace totem::images
