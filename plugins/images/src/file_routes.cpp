#include "file_routes.hpp"

#include "answers.hpp"
#include "media_type.hpp"
#include "request_path.hpp"

namespace totem::images {

FileRoutes::FileRoutes(const PluginFrame& frame) : settings_(frame.settings), files_(frame.files) {
    frame.onRoute("file", [this](Call& call, const Request& request) { serve(call, request); });
}

void FileRoutes::serve(Call& call, const Request& request) const {
    if (settings_.policy(request.listener()).readsNeedToken &&
        !bearsToken(request, settings_.tokens)) {
        call.succeed(refusal(401, "Falta el token de acceso"));
        return;
    }
    const auto path = catalogPath(request.path());
    const auto file = path ? files_.open(*path) : std::nullopt;
    if (!file) {
        const bool folder = path && files_.kind(*path) == FileRoot::Kind::kFolder;
        call.succeed(folder ? refusal(400, "La ruta no es un archivo")
                            : refusal(404, "Archivo no encontrado"));
        return;
    }
    HeaderList headers{{"Content-Type", std::string(mediaTypeOf(*path))},
                       {"Last-Modified", httpDate(file->modifiedNs)},
                       {"X-Content-Type-Options", "nosniff"}};
    call.succeed(Body::file(file->fd->get(), 0, file->size, std::const_pointer_cast<Fd>(file->fd),
                            200, std::move(headers)));
}

}  // namespace totem::images
