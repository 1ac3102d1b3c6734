#include "catalogue/catalogue_files.hpp"

#include <algorithm>

#include "catalogue/text.hpp"
#include "media_type.hpp"

namespace totem::images {
namespace {

std::string join(const std::string& folder, const std::string& name) {
    return folder.empty() ? name : folder + "/" + name;
}

}  // namespace

std::string CatalogueFiles::monthFolder(const Segment& segment, Month month) const {
    const std::string year = join(segment.name, month.yearText());
    for (const FolderEntry& entry : files_.list(year)) {
        if (entry.folder && readMonthNumber(entry.name) == month.number)
            return join(year, entry.name);
    }
    return {};
}

std::string CatalogueFiles::categoryFolder(const std::string& monthFolder,
                                           const Category& category) const {
    if (monthFolder.empty()) return {};
    for (const FolderEntry& entry : files_.list(monthFolder)) {
        if (entry.folder && fold(withoutNumber(entry.name)) == fold(category.name))
            return join(monthFolder, entry.name);
    }
    return {};
}

std::vector<Month> CatalogueFiles::months(const Segment& segment) const {
    std::vector<Month> months;
    for (const FolderEntry& year : files_.list(segment.name)) {
        const auto number = year.folder ? readYear(year.name) : std::nullopt;
        if (!number) continue;
        for (const FolderEntry& entry : files_.list(join(segment.name, year.name))) {
            const auto month = entry.folder ? readMonthNumber(entry.name) : std::nullopt;
            if (month) months.push_back({*number, *month});
        }
    }
    std::sort(months.begin(), months.end());
    months.erase(std::unique(months.begin(), months.end()), months.end());
    return months;
}

std::optional<CatalogueFile> CatalogueFiles::pdfIn(const std::string& folder) const {
    if (folder.empty()) return std::nullopt;
    for (const FolderEntry& entry : files_.list(folder)) {
        if (entry.folder || !isPdfName(entry.name)) continue;
        const std::string path = join(folder, entry.name);
        if (const auto file = files_.open(path)) return CatalogueFile{path, entry.name, file->size};
    }
    return std::nullopt;
}

std::vector<CatalogueFile> CatalogueFiles::picturesIn(const std::string& folder) const {
    std::vector<CatalogueFile> pictures;
    for (const FolderEntry& entry : files_.list(folder)) {
        if (!entry.folder && isPictureName(entry.name))
            pictures.push_back({join(folder, entry.name), entry.name, 0});
    }
    return pictures;
}

std::vector<PictureFolder> CatalogueFiles::pictureFolders(const Segments& segments,
                                                          const Filter& filter) const {
    std::vector<PictureFolder> folders;
    for (const Segment& segment : segments.all()) {
        if (filter.segment != nullptr && filter.segment != &segment) continue;
        const Category* only = filter.category.empty() ? nullptr : segment.find(filter.category);
        if (only == nullptr && !filter.category.empty()) continue;
        for (const Month month : months(segment)) {
            if (filter.year && *filter.year != month.year) continue;
            if (filter.month && *filter.month != month.number) continue;
            const std::string inMonth = monthFolder(segment, month);
            for (const Category& category : segment.categories) {
                if (only != nullptr && only != &category) continue;
                const std::string folder = categoryFolder(inMonth, category);
                if (folder.empty()) continue;
                for (const bool details : {false, true}) {
                    if (filter.details && *filter.details != details) continue;
                    folders.push_back({&segment, month, &category, details,
                                       folder + (details ? "/caracteristicas" : "/precios")});
                }
            }
        }
    }
    return folders;
}

}  // namespace totem::images
