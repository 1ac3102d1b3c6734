#include "catalogue/segments.hpp"

#include <algorithm>

#include "catalogue/text.hpp"

namespace totem::images {

std::string_view withoutNumber(std::string_view folder) {
    const std::size_t rest = folder.find_first_not_of("0123456789");
    if (rest == 0 || rest == folder.npos || folder[rest] != '-') return folder;
    return folder.substr(rest + 1);
}

const Category* Segment::findExact(std::string_view text) const {
    const std::string wanted = fold(text);
    for (const Category& category : categories) {
        if (fold(category.name) == wanted || fold(category.folder) == wanted) return &category;
    }
    return nullptr;
}

const Category* Segment::find(std::string_view text) const {
    if (const Category* exact = findExact(text)) return exact;
    if (countCharacters(text) < 3) return nullptr;
    const std::string part = fold(text);
    const Category* only = nullptr;
    for (const Category& category : categories) {
        if (fold(category.folder).find(part) == std::string::npos) continue;
        if (only != nullptr) return nullptr;
        only = &category;
    }
    return only;
}

const Segment* Segments::find(std::string_view name) const {
    const std::string wanted = fold(name);
    const auto found = std::find_if(all_.begin(), all_.end(),
                                    [&](const Segment& s) { return fold(s.name) == wanted; });
    return found == all_.end() ? nullptr : &*found;
}

std::string Segments::names() const {
    std::string names;
    for (const Segment& segment : all_) names += (names.empty() ? "" : ", ") + segment.name;
    return names;
}

}  // namespace totem::images
