#include "rig.hpp"

#include <unistd.h>

#include <array>
#include <condition_variable>
#include <fstream>

namespace catalogue_test {
namespace {

using totem::Body;
using totem::Json;
using totem::str;

/// A call of the host's, whose answer the test waits for.
struct TestCall : totem_call {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
    totem_status status = 0;
    Body body;

    TestCall() : totem_call{} {
        struct_size = sizeof(totem_call);
        deadline_ns = 1;
        complete = [](totem_call* call, totem_status status, totem_body* raw) -> totem_status {
            auto& self = *static_cast<TestCall*>(call);
            const std::lock_guard lock(self.mutex);
            self.status = status;
            self.body = Body(raw);
            self.done = true;
            self.changed.notify_all();
            return TOTEM_OK;
        };
        cancelled = [](const totem_call*) -> std::int32_t { return 0; };
    }
    void wait() {
        std::unique_lock lock(mutex);
        changed.wait(lock, [this] { return done; });
    }
};

/// Names and paths as plugin.json has them.
constexpr std::array<std::pair<const char*, const char*>, 18> kRoutes{{
    {"catalogue", "/api/catalogo/*"},
    {"month-pdf", "/api/catalogo-completo/*"},
    {"product-picture", "/api/imagen/*"},
    {"picture-base64", "/api/imagen-base64/*"},
    {"pictures-base64", "/api/imagenes-base64"},
    {"pictures", "/api/imagenes-disponibles"},
    {"pdf-base64", "/api/pdf-base64/*"},
    {"pdf", "/api/ver-pdf/*"},
    {"segments", "/api/segmentos"},
    {"months", "/api/meses-disponibles"},
    {"validate", "/api/validar-producto"},
    {"products", "/api/productos"},
    {"product", "/api/productos/*"},
    {"index", "/"},
    {"diagnostics", "/diagnostico"},
    {"health", "/health"},
    {"docs", "/docs"},
    {"openapi", "/openapi.json"},
}};

std::string routeOf(std::string_view path) {
    for (const auto& [name, pattern] : kRoutes) {
        const std::string_view wanted(pattern);
        const bool prefix = wanted.size() > 1 && wanted.back() == '*';
        if (prefix ? path.substr(0, wanted.size() - 1) == wanted.substr(0, wanted.size() - 1) : path == wanted)
            return name;
    }
    throw std::runtime_error("no route for " + std::string(path));
}

}  // namespace

Rig::Rig(Json config) : config_(config.dump()), log_(&host) {
    std::string pattern = std::filesystem::temp_directory_path() / "totem-catalogue-XXXXXX";
    root_ = mkdtemp(pattern.data());
    host.unixS = 1763226000;
    settings_ = totem::images::parseSettings(config_);
    settings_.root = root_;
    settings_.tokens = {kToken};
    if (config.contains("tokens")) settings_.tokens = config["tokens"].get<std::vector<std::string>>();
    std::filesystem::create_directories(root_ / "catalogos");
    files_ = std::make_unique<totem::images::FileRoot>(root_ / "catalogos");
    restart();
}

Rig::~Rig() {
    catalogue_->stop();
    catalogue_.reset();
    std::filesystem::remove_all(root_);
}

void Rig::restart() {
    if (catalogue_) catalogue_->stop();
    catalogue_.reset();
    listeners_.clear();
    frame_.reset(new totem::images::PluginFrame{
        &host, log_, settings_, config_, *files_,
        [this](std::string name, totem::Plugin::RouteHandler handler) { routes_[name] = std::move(handler); },
        [this](std::string name, totem::Plugin::TextHandler handler) { actions_[name] = std::move(handler); },
        [this](std::function<void(const std::string&)> listener) { listeners_.push_back(std::move(listener)); }});
    catalogue_ = std::make_unique<Catalogue>(*frame_);
    catalogue_->start();
}

void Rig::file(const std::string& path, const std::string& content) {
    const auto whole = root_ / "catalogos" / path;
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole, std::ios::binary) << content;
}

void Rig::removeFile(const std::string& path) { std::filesystem::remove_all(root_ / "catalogos" / path); }

void Rig::filesChanged() {
    for (const auto& listener : listeners_) listener("");
}

Reply Rig::ask(const std::string& method, const std::string& target, const std::string& body,
               std::vector<std::pair<std::string, std::string>> headers) const {
    headers.emplace_back("Host", "img.test:8000");
    std::vector<totem_header> views;
    for (const auto& [name, value] : headers) views.push_back({str(name), str(value)});
    totem_body content{};
    content.fd = -1;
    content.content = str(body);
    const std::string_view whole(target);
    const std::size_t question = whole.find('?');
    totem_http_request raw{};
    raw.struct_size = sizeof raw;
    raw.method = str(method);
    raw.target = str(whole);
    raw.path = str(whole.substr(0, question));
    if (question != whole.npos) raw.query = str(whole.substr(question + 1));
    raw.listener = str("images");
    raw.headers = views.data();
    raw.header_count = static_cast<std::uint32_t>(views.size());
    raw.body = body.empty() ? nullptr : &content;

    TestCall waiting;
    {
        totem::Call call(&waiting);
        routes_.at(routeOf(totem::view(raw.path)))(call, totem::Request(&raw));
    }
    waiting.wait();
    Reply reply;
    reply.status = waiting.body.code();
    reply.body = waiting.body.read();
    for (std::uint32_t i = 0; waiting.body.raw() != nullptr && i < waiting.body.raw()->header_count; ++i) {
        const totem_header& header = waiting.body.raw()->headers[i];
        reply.headers.emplace(totem::view(header.name), totem::view(header.value));
    }
    return reply;
}

Reply Rig::write(const std::string& method, const std::string& target, const Json& body) const {
    return ask(method, target, body.is_null() ? "" : body.dump(), {{"Authorization", std::string("Bearer ") + kToken}});
}

Json Rig::action(const std::string& name, const Json& input) const {
    TestCall waiting;
    {
        totem::Call call(&waiting);
        try {
            actions_.at(name)(call, input.dump());
        } catch (const totem::Failure& failure) {
            call.fail(failure.status(), failure.what());
        }
    }
    waiting.wait();
    if (waiting.status != TOTEM_OK)
        return {{"failed", totem::statusName(static_cast<totem::Status>(waiting.status))}, {"reason", waiting.body.read()}};
    return Json::parse(waiting.body.read());
}

Json Rig::product(const Json& changes) const {
    Json product{{"codigo", "CEL-01"}, {"nombre", "Teléfono Uno"}, {"precio", 999.9}, {"categoria", "celulares"},
                 {"mes", "noviembre"}, {"ano", "2025"}, {"cuotas", {{"3", 338.85}, {"12", 95.5}}},
                 {"imagen_listado", "fnb/2025/11-noviembre/1-celulares/precios/uno frente.jpg"},
                 {"imagen_caracteristicas", "fnb/2025/11-noviembre/1-celulares/caracteristicas/uno.PNG"}};
    product.update(changes);
    const Reply reply = write("POST", "/api/productos", product);
    if (reply.status != 200) throw std::runtime_error(reply.body);
    return Json::parse(reply.body);
}

}  // namespace catalogue_test
