#pragma once

#include <nlohmann/json.hpp>

#include <map>
#include <optional>
#include <shared_mutex>
#include <string>

namespace totem_sandbox {

/// The people that one portal knows, by DNI; each is a JSON object as the settings give it.
class People {
public:
    /// Throws std::invalid_argument when one has no DNI of eight digits.
    explicit People(const nlohmann::json& list) {
        for (const auto& person : list) put(person);
    }
    void put(const nlohmann::json& person);
    bool remove(const std::string& dni);
    std::optional<nlohmann::json> find(const std::string& dni) const;
    /// As the Power BI report searches: the text may be any part of the number.
    std::optional<nlohmann::json> findContaining(const std::string& part) const;
    nlohmann::json list() const;
    void replace(const nlohmann::json& list);

private:
    mutable std::shared_mutex mutex_;
    std::map<std::string, nlohmann::json> byDni_;
};

}  // namespace totem_sandbox
