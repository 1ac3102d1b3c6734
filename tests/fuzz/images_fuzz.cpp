// Any bytes as an address, a query, a product and a job of the image server: nothing leads out of
// the folder.
#include <cstdlib>
#include <totem/base64.hpp>
#include <totem/json.hpp>

#include "accept.hpp"
#include "catalogue/month.hpp"
#include "catalogue/product.hpp"
#include "catalogue/text.hpp"
#include "magic.hpp"
#include "parts.hpp"
#include "render_job.hpp"
#include "request_path.hpp"

using namespace totem::images;

namespace {

void checkPath(const std::optional<std::string>& path) {
    if (!path) return;
    const bool holds = path->find_first_of(std::string_view("\0\\", 2)) != std::string::npos;
    const bool absolute = !path->empty() && path->front() == '/';
    const bool leadsOut = ("/" + *path + "/").find("/../") != std::string::npos;
    if (holds || absolute || leadsOut) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes = bytesOf(data, size);
    checkPath(catalogPath(bytes));
    checkPath(catalogPath("/api/catalogos/" + std::string(bytes)));
    checkPath(pictureOf(bytes));
    static_cast<void>(acceptsOf(bytes));
    static_cast<void>(sniff(bytes.substr(0, kMagicBytes)));
    static_cast<void>(fold(bytes));
    static_cast<void>(queryValue(bytes, "mes"));
    static_cast<void>(readMonthNumber(bytes));
    if (const auto content = totem::decodeBase64(bytes)) {
        std::string again;
        totem::appendBase64(again, *content);
        if (totem::decodeBase64(again) != content) std::abort();
    }
    const nlohmann::json json = nlohmann::json::parse(bytes, nullptr, false);
    if (json.is_discarded()) return 0;
    static const Segments kSegments({{"fnb", {{"1-celulares", "celulares"}}}});
    try {
        const Product product = newProduct(json, kSegments, {2026, 11});
        static_cast<void>(productOfRow(rowOf(product)));
    } catch (const InvalidProduct& error) {
        if (error.errors().empty()) std::abort();
    }
    try {
        static_cast<void>(RenderReply::parse(bytes));
    } catch (const std::exception&) {  // a worker that talks nonsense costs one answer
    }
    return 0;
}
