#include "catalogue/product_store.hpp"

#include <totem/json.hpp>

namespace totem::images {
namespace {

constexpr std::string_view kPrefix = "product/";
constexpr std::uint32_t kPage = 500;

/// Keys are sorted as texts: zeros in front keep the order of the numbers.
std::string keyOf(std::int64_t id) {
    const std::string digits = std::to_string(id);
    return std::string(kPrefix) + std::string(digits.size() < 12 ? 12 - digits.size() : 0, '0') + digits;
}

void check(const Answer& answer) {
    if (!answer.ok())
        throw Failure(Status::kUnavailable, "the store of products: " + std::string(answer.text()));
}

}  // namespace

std::vector<std::string> HostProductStore::readAll() const {
    std::vector<std::string> texts;
    for (std::string after;;) {
        const Answer answer = store_.list(kPrefix, after, kPage).wait();
        check(answer);
        const Json entries = Json::parse(answer.body.read()).at("entries");
        for (const Json& entry : entries) texts.push_back(entry.at("value").get<std::string>());
        if (entries.size() < kPage) return texts;
        after = entries.back().at("key").get<std::string>();
    }
}

void HostProductStore::put(std::int64_t id, const std::string& text) {
    check(store_.put(keyOf(id), text, 0).wait());
}

void HostProductStore::remove(std::int64_t id) { check(store_.remove(keyOf(id)).wait()); }

}  // namespace totem::images
