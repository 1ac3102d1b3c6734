#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <totem/clock.hpp>
#include <totem/http.hpp>

#include "catalogue/answers_json.hpp"
#include "catalogue/month.hpp"
#include "catalogue/product_table.hpp"
#include "catalogue/segments.hpp"
#include "plugin_frame.hpp"

namespace totem::images {

/// What the routes and actions of the catalogue share: products, files, time and addresses.
/// Threads: any.
class Shop {
public:
    /// Throws Failure (kInvalid) or std::runtime_error for what is wrong in the configuration.
    explicit Shop(const PluginFrame& frame);

    const PluginFrame& frame;
    const Segments segments;
    const TimeZone zone;
    const CatalogueFiles files;
    HostProductStore store;
    ProductTable table;
    const Clock clock;
    std::atomic<std::uint64_t> fileGeneration{1};

    Month currentMonth() const;
    /// What stands before every path in an answer: the configured address, else the Host that the
    /// client wrote when it is a plain one.
    std::string baseOf(const Request& request) const;

    /// The segment that a client named. Throws Refusal (404).
    const Segment& needSegment(std::string_view name) const;
    const Category& needCategory(const Segment& segment, std::string_view name) const;
    Month needMonth(std::string_view year, std::string_view month) const;

    /// Adds a route. What `handler` throws becomes an answer: Refusal with its status, a product
    /// that may not be stored 422 or 409, a store that does not answer 503, anything else 500. A
    /// listener that wants a token for reading gets its 401 before.
    void onRoute(std::string name, std::function<void(Call&, const Request&)> handler) const;
    void onAnswer(std::string name, std::function<Body(const Request&)> handler) const;
    /// The answer for the exception that is being handled.
    Body answerForException() const;
};

/// Without the prefix, split at slashes and each part decoded; one slash at the end is nothing.
/// Throws Refusal (404) for what is no path.
std::vector<std::string> pathParts(const Request& request, std::string_view prefix);

/// A path below catalogos/ behind the prefix, `catalogos/` before it allowed. Throws Refusal (404).
std::string filePath(const Request& request, std::string_view prefix);

}  // namespace totem::images
