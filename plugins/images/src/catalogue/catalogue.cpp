#include "catalogue/catalogue.hpp"

namespace totem::images {

Catalogue::Catalogue(const PluginFrame&) {}
void Catalogue::start() {}
void Catalogue::stop() {}

}  // namespace totem::images
