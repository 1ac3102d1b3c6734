#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <totem/store.hpp>

namespace totem::images {

/// Where products are kept: one text for each id.
///
/// Threads: those that may wait. Errors: Failure (kUnavailable); after one that a write threw, it is
/// not known whether the write took place.
class ProductStore {
public:
    virtual ~ProductStore() = default;
    /// Every text, in the order of the ids.
    virtual std::vector<std::string> readAll() const = 0;
    virtual void put(std::int64_t id, const std::string& text) = 0;
    virtual void remove(std::int64_t id) = 0;
};

/// In the host's store, under product/<id>.
class HostProductStore : public ProductStore {
public:
    explicit HostProductStore(const totem_host* host) : store_(host) {}
    std::vector<std::string> readAll() const override;
    void put(std::int64_t id, const std::string& text) override;
    void remove(std::int64_t id) override;

private:
    const Store store_;
};

}  // namespace totem::images
