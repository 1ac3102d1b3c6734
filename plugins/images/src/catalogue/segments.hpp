#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace totem::images {

/// A kind of goods within a segment: the folder "1-celulares", the name "celulares".
struct Category {
    std::string folder;
    std::string name;
};

/// A part of the shop with categories of its own: "fnb", "gaso".
struct Segment {
    std::string name;
    std::vector<Category> categories;

    /// By name or folder, else by a part of at least three letters that only one has; any case and
    /// accents. Null when there is none.
    const Category* find(std::string_view text) const;
    /// By name or folder alone.
    const Category* findExact(std::string_view text) const;
};

/// The segments of the configuration, in its order.
class Segments {
public:
    explicit Segments(std::vector<Segment> all) : all_(std::move(all)) {}
    /// Any case and accents. Null when there is none.
    const Segment* find(std::string_view name) const;
    const std::vector<Segment>& all() const { return all_; }
    /// "fnb, gaso", for messages.
    std::string names() const;

private:
    std::vector<Segment> all_;
};

/// "1-celulares" → "celulares".
std::string_view withoutNumber(std::string_view folder);

}  // namespace totem::images
