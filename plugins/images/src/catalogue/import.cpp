#include "catalogue/import.hpp"

#include <set>

#include <totem/base64.hpp>

#include "catalogue/text.hpp"

namespace totem::images {
namespace {

constexpr std::size_t kMaxNotes = 200;
constexpr const char* kWorker = "import";

std::string textAt(const Json& row, const char* name) {
    const auto found = row.find(name);
    if (found == row.end() || found->is_null()) return {};
    return found->is_string() ? found->get<std::string>() : dumpJson(*found);
}

/// What the columns' defaults would have been, and a category as its folder was called.
Json mended(Json row, const Segments& segments) {
    for (const char* name : {"segmento", "mes", "ano", "estado", "stock", "cuotas"}) {
        if (row.contains(name) && (row[name].is_null() || row[name] == "")) row.erase(name);
    }
    const Segment* segment = segments.find(row.contains("segmento") ? textAt(row, "segmento") : segments.all().front().name);
    const Category* category = segment == nullptr ? nullptr : segment->find(withoutNumber(textAt(row, "categoria")));
    if (category != nullptr) row["categoria"] = category->name;
    // Without a state, stock alone decides it.
    if (row.contains("stock") && row["stock"].is_number()) row["stock"] = row["stock"] != 0;
    return row;
}

/// Takes away what may be missing and is wrong; true when something was.
bool dropWrongParts(Json& row, const InvalidProduct& error, std::string& reason) {
    bool dropped = false;
    for (const FieldError& wrong : error.errors()) {
        const bool part = wrong.field.rfind("imagen_", 0) == 0 || wrong.field == "cuotas" || wrong.field == "descripcion";
        if (!part) return false;
        row.erase(wrong.field);
        reason += (dropped ? "; " : "") + wrong.field + " " + wrong.message;
        dropped = true;
    }
    return dropped;
}

Json notesJson(const std::vector<ImportedRows::Note>& notes) {
    Json list = Json::array();
    for (const auto& note : notes) {
        if (list.size() == kMaxNotes) break;
        list.push_back({{"row", note.row}, {"code", note.code}, {"reason", note.reason}});
    }
    return list;
}

}  // namespace

ImportedRows readRows(const Json& rows, const Segments& segments, Month current) {
    ImportedRows result;
    std::set<std::string> codes;
    for (const Json& raw : rows) {
        const ImportedRows::Note note{textAt(raw, "id"), textAt(raw, "codigo"), {}};
        const auto take = [&](const Json& row) {
            Product product = newProduct(row, segments, current);
            if (!codes.insert(fold(product.code)).second) {
                result.skipped.push_back({note.row, note.code, "the code is there twice"});
                return;
            }
            if (raw.contains("id") && raw["id"].is_number_integer()) product.id = raw["id"].get<std::int64_t>();
            result.products.push_back(std::move(product));
        };
        Json row = mended(raw, segments);
        try {
            try {
                take(row);
            } catch (const InvalidProduct& error) {
                std::string reason;
                if (!dropWrongParts(row, error, reason)) throw;
                take(row);
                result.warnings.push_back({note.row, note.code, "left out: " + reason});
            }
        } catch (const InvalidProduct& error) {
            result.skipped.push_back({note.row, note.code, error.what()});
        }
    }
    return result;
}

Importer::Importer(Shop& shop) : shop_(shop), workers_(shop.frame.host) {
    shop.frame.onAction("images.import", [this](Call& call, std::string_view text) {
        std::string result = import(call, parseJson(text));
        call.succeed(Body(std::move(result)));
    });
}

std::string Importer::import(Call& call, const Json& input) {
    const auto file = decodeBase64(input.at("database").get_ref<const std::string&>());
    if (!file) throw Failure(Status::kInvalid, "database is no base64");
    const Answer answer = workers_.ask(kWorker, 0, *file, AskOptions(call)).wait();
    if (!answer.ok())
        throw Failure(answer.status, "reading the database: " + std::string(answer.text()));
    const Json read = parseJson(answer.body.read());
    if (read.contains("error")) throw Failure(Status::kInvalid, read.at("error").get<std::string>());
    ImportedRows rows = readRows(read.at("rows"), shop_.segments, shop_.currentMonth());
    Json report{{"read", read.at("rows").size()}, {"valid", rows.products.size()}};
    if (!input.value("dry_run", false)) {
        const ProductTable::Merged merged = shop_.table.merge(std::move(rows.products));
        report["added"] = merged.added;
        report["changed"] = merged.changed;
        report["unchanged"] = merged.unchanged;
    }
    report["skipped"] = rows.skipped.size();
    report["skipped_rows"] = notesJson(rows.skipped);
    report["warnings"] = notesJson(rows.warnings);
    return dumpJson(report);
}

}  // namespace totem::images
