#include "world/portal/people.hpp"

#include <mutex>
#include <stdexcept>

namespace totem_sandbox {

void People::put(const nlohmann::json& person) {
    const bool named = person.is_object() && person.contains("dni") && person["dni"].is_string();
    const std::string dni = named ? person["dni"].get<std::string>() : "";
    if (dni.empty() || dni.find_first_not_of("0123456789") != std::string::npos)
        throw std::invalid_argument("people: each needs a dni, a string of digits");
    std::unique_lock lock(mutex_);
    byDni_[dni] = person;
}

bool People::remove(const std::string& dni) {
    std::unique_lock lock(mutex_);
    return byDni_.erase(dni) > 0;
}

std::optional<nlohmann::json> People::find(const std::string& dni) const {
    std::shared_lock lock(mutex_);
    const auto found = byDni_.find(dni);
    if (found == byDni_.end()) return std::nullopt;
    return found->second;
}

std::optional<nlohmann::json> People::findContaining(const std::string& part) const {
    if (auto exact = find(part)) return exact;
    std::shared_lock lock(mutex_);
    for (const auto& [dni, person] : byDni_)
        if (dni.find(part) != std::string::npos) return person;
    return std::nullopt;
}

nlohmann::json People::list() const {
    std::shared_lock lock(mutex_);
    nlohmann::json list = nlohmann::json::array();
    for (const auto& [dni, person] : byDni_) list.push_back(person);
    return list;
}

void People::replace(const nlohmann::json& list) {
    {
        std::unique_lock lock(mutex_);
        byDni_.clear();
    }
    for (const auto& person : list) put(person);
}

}  // namespace totem_sandbox
