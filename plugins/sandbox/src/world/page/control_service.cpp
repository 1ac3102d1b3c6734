#include "world/page/control_service.hpp"

#include "world/base/event_log.hpp"
#include "world/base/faults.hpp"
#include "world/base/http_caller.hpp"
#include "world/base/journeys.hpp"
#include "world/base/phones.hpp"
#include "world/chatwoot/payloads.hpp"
#include "world/chatwoot/service.hpp"
#include "world/evolution/service.hpp"
#include "world/portal/fnb_portal.hpp"
#include "world/portal/gaso_report.hpp"

#include <algorithm>
#include <stdexcept>

namespace totem_sandbox {
namespace {

using nlohmann::json;

constexpr long kMaxWaitMs = 60000;
constexpr std::size_t kShownJourneys = 20;

struct BadRequest : std::runtime_error {
    using std::runtime_error::runtime_error;
};

long numberParam(const Request& request, const char* name, long fallback) {
    const std::string text = request.param(name);
    if (text.empty()) return fallback;
    if (text.find_first_not_of("0123456789") != std::string::npos || text.size() > 15)
        throw BadRequest(std::string(name) + ": expected a number, got \"" + text + "\"");
    return std::stol(text);
}

std::chrono::milliseconds waitParam(const Request& request) {
    return std::chrono::milliseconds(std::min(numberParam(request, "wait_ms", 0), kMaxWaitMs));
}

std::string text(const json& body, const char* name) {
    if (!body.contains(name) || !body[name].is_string())
        throw BadRequest(std::string(name) + ": expected a text");
    return body[name];
}

Reply done(const json& more = json::object()) {
    json answer = {{"ok", true}};
    answer.update(more);
    return Reply::json(200, answer);
}

/// A page of another site must not drive the sandbox through the visitor's browser.
bool foreignOrigin(const Request& request) {
    const std::string origin = request.header("origin");
    return !origin.empty() && origin != "http://" + request.header("host");
}

}  // namespace

Reply ControlService::handle(const Request& request) {
    if (foreignOrigin(request)) return Reply::json(403, {{"error", "foreign origin"}});
    try {
        return route(request);
    } catch (const BadRequest& e) {
        return Reply::json(400, {{"error", e.what()}});
    } catch (const std::invalid_argument& e) {
        return Reply::json(400, {{"error", e.what()}});
    } catch (const json::exception& e) {
        return Reply::json(400, {{"error", e.what()}});
    }
}

Reply ControlService::route(const Request& r) {
    if (r.method == "GET") {
        if (r.parts.empty()) return Reply::html(200, kPageHtml);
        if (r.path == "/view") return view(r);
        if (r.path == "/log") return readLog(r);
        if (r.path == "/journeys")
            return Reply::json(
                200, context_.journeys.list(
                         r.param("from"), static_cast<std::size_t>(numberParam(r, "limit", 100))));
        if (r.path == "/phone/messages") return phoneMessages(r);
        if (pathIs(r.parts, 0, "phone/media/*")) return phoneMedia(r.parts[2]);
        if (r.path == "/phones") return Reply::json(200, context_.phones.list());
        if (r.path == "/people") return people();
        if (r.path == "/faults") return Reply::json(200, context_.faults.describe());
        if (r.path == "/world") return Reply::json(200, context_.describe());
    }
    if (r.method == "DELETE" && r.path == "/faults") {
        context_.faults.clear();
        return done();
    }
    if (r.method == "POST") {
        const json body = r.body.empty() ? json::object() : parseBody(r.body);
        if (!body.is_object()) throw BadRequest("the body must be a JSON object");
        if (r.path == "/phone/say") return say(body);
        if (r.path == "/faults") return setFault(body);
        if (r.path == "/people") return setPerson(body);
        if (r.path == "/agent") return agent(body);
        if (r.path == "/reset") return reset();
        if (r.path == "/connection") {
            if (!context_.evolution) throw BadRequest("evolution is not played");
            context_.evolution->connection(text(body, "state"), body.value("reason", 200));
            return done();
        }
    }
    return Reply::json(404, {{"error", "no such address: " + r.method + " " + r.path}});
}

Reply ControlService::say(const json& body) {
    if (!context_.evolution) throw BadRequest("evolution is not played");
    const std::string from = text(body, "from");
    if (from.size() < 6 || from.size() > 15 ||
        from.find_first_not_of("0123456789") != std::string::npos)
        throw BadRequest("from: expected a phone number with country code, digits only");
    const std::string name = body.contains("name") ? text(body, "name") : "Cliente";
    const std::string id = context_.evolution->say(from, name, text(body, "text"));
    return done({{"key_id", id}, {"trace", context_.journeys.byKey(id)}});
}

Reply ControlService::phoneMessages(const Request& r) {
    const std::string from = r.param("from");
    if (from.empty()) throw BadRequest("from: expected a phone number");
    const auto after = static_cast<std::uint64_t>(numberParam(r, "after", 0));
    return Reply::json(200,
                       {{"messages", context_.phones.waitReceived(from, after, waitParam(r))}});
}

Reply ControlService::phoneMedia(const std::string& seq) {
    const bool number = seq.find_first_not_of("0123456789") == std::string::npos && seq.size() < 16;
    auto media = number ? context_.phones.media(std::stoull(seq)) : std::nullopt;
    if (!media) return Reply::json(404, {{"error", "no such file"}});
    Reply reply;
    reply.body = std::move(media->bytes);
    reply.contentType = media->type;
    reply.headers = {{"X-Content-Type-Options", "nosniff"},
                     {"Content-Security-Policy", "default-src 'none'; sandbox"}};
    return reply;
}

Reply ControlService::setFault(const json& body) {
    context_.faults.set(body);
    if (body.value("expire_session", false) && context_.fnb) context_.fnb->expireSessions();
    return done({{"faults", context_.faults.describe()}});
}

Reply ControlService::setPerson(const json& body) {
    json person = body;
    person.erase("service");
    const std::string service = body.value("service", "fnb");
    People* people = service == "fnb" && context_.fnb     ? &context_.fnb->people()
                     : service == "gaso" && context_.gaso ? &context_.gaso->people()
                                                          : nullptr;
    if (!people) throw BadRequest("service: expected fnb or gaso, and that it is played");
    if (body.value("remove", false))
        people->remove(text(body, "dni"));
    else
        people->put(person);
    return done();
}

Reply ControlService::people() {
    return Reply::json(200,
                       {{"fnb", context_.fnb ? context_.fnb->people().list() : json::array()},
                        {"gaso", context_.gaso ? context_.gaso->people().list() : json::array()}});
}

Reply ControlService::readLog(const Request& r) {
    const auto after = static_cast<std::uint64_t>(numberParam(r, "after", 0));
    if (const auto wait = waitParam(r); wait.count() > 0) context_.log.waitAfter(after, wait);
    return Reply::json(
        200,
        {{"last", context_.log.last()},
         {"entries", context_.log.since(after, r.param("service"),
                                        static_cast<std::size_t>(numberParam(r, "limit", 500)))}});
}

/// What the agent does at the desk, over Chatwoot's own interface as the real desk does.
Reply ControlService::agent(const json& body) {
    const json world = context_.describe();
    if (!context_.chatwoot) throw BadRequest("chatwoot is not played");
    const std::string action = text(body, "action");
    Call call;
    call.url = world["chatwoot"]["url"].get<std::string>() + "/api/v1/accounts/" +
               world["chatwoot"]["account_id"].dump() + "/conversations/" +
               body.at("conversation").dump();
    call.headers = {{"Api-Access-Token", world["chatwoot"]["user_token"].get<std::string>()}};
    json data;
    if (action == "reply" || action == "note") {
        call.url += "/messages";
        data = {{"content", text(body, "text")}, {"private", action == "note"}};
    } else if (action == "assign" || action == "unassign") {
        call.url += "/assignments";
        data = {{"assignee_id", action == "assign" ? json(1) : json()}};
    } else if (action == "open" || action == "pending" || action == "resolved") {
        call.url += "/toggle_status";
        data = {{"status", action}};
    } else {
        throw BadRequest(
            "action: expected reply, note, assign, unassign, open, pending or resolved");
    }
    call.body = dump(data);
    const CallResult result = context_.caller.call(call);
    if (!result.ok())
        return Reply::json(502, {{"error", "Chatwoot answered " + std::to_string(result.status)},
                                 {"body", result.body}});
    return done();
}

json ControlService::conversationOf(const std::string& digits) {
    if (!context_.chatwoot) return nullptr;
    chatwoot::Store& store = context_.chatwoot->store();
    std::lock_guard lock(store.mutex);
    chatwoot::Contact* contact = store.contactByPhone("+" + digits);
    if (!contact) return nullptr;
    const auto rows = store.conversationsOf(contact->id);
    if (rows.empty()) return nullptr;
    json out = chatwoot::restConversation(store, *rows.front());
    out["messages"] = json::array();
    const auto& messages = rows.front()->messages;
    const std::size_t from = messages.size() > 100 ? messages.size() - 100 : 0;
    for (std::size_t i = from; i < messages.size(); ++i)
        out["messages"].push_back(chatwoot::restMessage(store, messages[i]));
    return out;
}

Reply ControlService::view(const Request& r) {
    const std::string from = r.param("from");
    const auto after = static_cast<std::uint64_t>(numberParam(r, "after", 0));
    if (const auto wait = waitParam(r); wait.count() > 0) context_.log.waitAfter(after, wait);
    const std::uint64_t last = context_.log.last();  // before the rest: at worst shown twice
    return Reply::json(200, {{"last", last},
                             {"phone", context_.phones.messages(from, 0)},
                             {"phones", context_.phones.list()},
                             {"conversation", conversationOf(from)},
                             {"journeys", context_.journeys.list(from, kShownJourneys)},
                             {"faults", context_.faults.describe()}});
}

Reply ControlService::reset() {
    context_.faults.clear();
    if (context_.chatwoot) {
        std::lock_guard lock(context_.chatwoot->store().mutex);
        context_.chatwoot->store().reset();
    }
    if (context_.evolution) context_.evolution->reset();
    if (context_.fnb) context_.fnb->reset();
    if (context_.gaso) context_.gaso->reset();
    context_.phones.clear();
    context_.journeys.clear();
    context_.log.clear();
    LogEntry entry;
    entry.kind = "note";
    entry.service = "page";
    entry.detail = "the world begins anew";
    context_.log.add(std::move(entry));
    return done();
}

}  // namespace totem_sandbox
