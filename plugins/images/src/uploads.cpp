#include "uploads.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <future>
#include <vector>

#include <totem/json.hpp>

#include "answers.hpp"
#include "form.hpp"
#include "magic.hpp"
#include "media_type.hpp"
#include "request_path.hpp"
#include "signature.hpp"

namespace totem::images {
namespace {

Fd memoryFile(std::string_view bytes) {
    Fd file(memfd_create("upload", MFD_CLOEXEC));
    if (file && !writeAll(file, bytes)) return {};
    return file;
}

}  // namespace

Uploads::Uploads(const PluginFrame& frame, Pictures& pictures)
    : settings_(frame.settings), files_(frame.files), pictures_(pictures) {
    frame.onRoute("write", [this](Call& call, const Request& request) {
        auto handler = request.method() == "PUT"    ? &Uploads::put
                       : request.method() == "POST" ? &Uploads::post
                                                    : &Uploads::remove;
        call.succeed(guarded(request, handler));
    });
}

Response Uploads::guarded(const Request& request,
                          Response (Uploads::*handler)(const Request&) const) const {
    if (!bearsToken(request, settings_.tokens)) {
        return refusal(401, "Falta un token de acceso válido").header("WWW-Authenticate", "Bearer");
    }
    try {
        return (this->*handler)(request);
    } catch (const Failure& failure) {
        return refusal(uploadStatus(failure.status()), failure.what());
    } catch (const std::system_error&) {
        return refusal(507, "El archivo no se pudo guardar");
    }
}

void Uploads::store(const std::string& path, std::string_view bytes) const {
    if (!isPlainPath(path) || (!isPictureName(path) && !isPdfName(path))) {
        throw Failure(Status::kInvalid,
                      "El nombre debe terminar en .png, .jpg, .jpeg, .gif, .webp o .pdf");
    }
    const bool pdf = isPdfName(path);
    if (bytes.size() > (pdf ? settings_.limits.pdfBytes : settings_.limits.sourceBytes))
        throw Failure(Status::kTooLarge, "El archivo es demasiado grande");
    const Kind kind = sniff(bytes.substr(0, kMagicBytes));
    if (mediaTypeOf(kind) != mediaTypeOf(path))
        throw Failure(Status::kRefused, "El contenido no es lo que dice la extensión del archivo");
    if (!pdf) examine(bytes);
    files_.write(path, bytes);
    pictures_.changed(path);
}

void Uploads::examine(std::string_view bytes) const {
    auto source = std::make_shared<Source>();
    source->path = "(subida)";
    source->kind = sniff(bytes.substr(0, kMagicBytes));
    source->size = bytes.size();
    source->fd = std::make_shared<const Fd>(memoryFile(bytes));
    source->hash = contentHash(source->fd->get());
    std::promise<Rendered> promise;
    pictures_.examine(source,
                      [&promise](const Rendered& rendered) { promise.set_value(rendered); });
    const Rendered rendered = promise.get_future().get();
    switch (rendered.state) {
        case Rendered::State::kMade:
        case Rendered::State::kUnavailable:  // nobody here can tell
            return;
        case Rendered::State::kBusy:
            throw Failure(Status::kBusy, "El servidor está ocupado; intente de nuevo");
        default:
            throw Failure(Status::kRefused, rendered.reason == "too-large"
                                                ? "La imagen tiene demasiados píxeles"
                                                : "La imagen está incompleta o dañada");
    }
}

Response Uploads::put(const Request& request) const {
    const auto path = catalogPath(request.path());
    if (!path) throw Failure(Status::kInvalid, "La ruta no es válida");
    const bool fresh = files_.kind(*path) == FileRoot::Kind::kNone;
    store(*path, request.content());
    return Response::json(
        dumpJson({{"ruta", *path}, {"url", "/api/catalogos/" + encodePath(*path)}}),
        fresh ? 201 : 200);
}

Response Uploads::post(const Request& request) const {
    const auto folder = catalogPath(request.path());
    if (!folder) throw Failure(Status::kInvalid, "La ruta no es válida");
    Json list = Json::array();
    for (const FormPart& part : readForm(request)) {
        if (part.fileName.empty()) continue;
        const std::string path =
            *folder + "/" + part.fileName.substr(part.fileName.find_last_of("/\\") + 1);
        store(path, part.bytes);
        list.push_back({{"ruta", path}, {"url", "/api/catalogos/" + encodePath(path)}});
    }
    if (list.empty()) throw Failure(Status::kInvalid, "El formulario no trae ningún archivo");
    return Response::json(dumpJson({{"archivos", std::move(list)}}), 201);
}

Response Uploads::remove(const Request& request) const {
    const auto path = catalogPath(request.path());
    if (!path || !files_.remove(*path)) return refusal(404, "Archivo no encontrado");
    pictures_.changed(*path);
    return Response::json(dumpJson({{"mensaje", "Archivo eliminado"}}));
}

}  // namespace totem::images
