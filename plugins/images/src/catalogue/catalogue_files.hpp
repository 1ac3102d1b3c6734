#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalogue/month.hpp"
#include "catalogue/segments.hpp"
#include "file_root.hpp"

namespace totem::images {

/// A file of the catalogue.
struct CatalogueFile {
    std::string path;  ///< below catalogos/
    std::string name;
    std::uint64_t size = 0;
};

/// A folder of pictures, "precios" or "caracteristicas", and what it belongs to.
struct PictureFolder {
    const Segment* segment;
    Month month;
    const Category* category;
    bool details;  ///< "caracteristicas"
    std::string path;
};

/// Where things lie: <segment>/<year>/<NN-month>/<N-category>/{precios,caracteristicas}. Names of
/// months and categories are compared as people read them, so "Noviembre" is 11-noviembre.
///
/// Threads: any; reads folders, so not where nothing may wait.
class CatalogueFiles {
public:
    explicit CatalogueFiles(const FileRoot& files) : files_(files) {}

    /// Empty when there is no such folder.
    std::string monthFolder(const Segment& segment, Month month) const;
    std::string categoryFolder(const std::string& monthFolder, const Category& category) const;
    /// The months that have a folder, ascending.
    std::vector<Month> months(const Segment& segment) const;

    /// The first PDF of a folder by its name.
    std::optional<CatalogueFile> pdfIn(const std::string& folder) const;
    /// The pictures of a folder by name.
    std::vector<CatalogueFile> picturesIn(const std::string& folder) const;

    /// Null, nothing and the empty text stand for all.
    struct Filter {
        const Segment* segment = nullptr;
        std::optional<int> year, month;
        std::string category;  ///< as Segment::find() takes it
        std::optional<bool> details;
    };
    /// The folders of pictures that a filter leaves, by segment, month and category.
    std::vector<PictureFolder> pictureFolders(const Segments& segments, const Filter& filter) const;

private:
    const FileRoot& files_;
};

}  // namespace totem::images
