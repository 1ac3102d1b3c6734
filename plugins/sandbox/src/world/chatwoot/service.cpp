#include "world/chatwoot/service.hpp"

#include "world/base/clock.hpp"
#include "world/base/multipart.hpp"
#include "world/base/random.hpp"
#include "world/chatwoot/payloads.hpp"

#include <Poco/Exception.h>
#include <Poco/URI.h>

#include <charconv>

namespace totem_sandbox::chatwoot {
namespace {

using nlohmann::json;

// "/api/v1/accounts/{id}" comes before what the routes describe.
constexpr std::size_t kPrefix = 4;
constexpr std::size_t kMaxFiles = 200;

Id number(const std::string& text) {
    Id value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? value : -1;
}

const char* fileType(const std::string& contentType) {
    for (const char* kind : {"image", "audio", "video"})
        if (contentType.rfind(std::string(kind) + "/", 0) == 0) return kind;
    return "file";
}

json timeNow() {
    return isoTime(unixMs()).substr(0, 10) + " " + isoTime(unixMs()).substr(11, 8);
}

}  // namespace

using S = ChatwootService;
const S::Route S::kRoutes[] = {
    {"POST", "contacts", &S::createContact, Access::user},
    {"GET", "contacts/search", &S::searchContacts, Access::user},
    {"POST", "contacts/filter", &S::filterContacts, Access::user},
    {"GET", "contacts/*", &S::showContact, Access::user},
    {"PUT", "contacts/*", &S::updateContact, Access::user},
    {"PATCH", "contacts/*", &S::updateContact, Access::user},
    {"DELETE", "contacts/*", &S::deleteContact, Access::administrator},
    {"POST", "contacts/*/contact_inboxes", &S::createContactInbox, Access::user},
    {"GET", "contacts/*/contactable_inboxes", &S::contactableInboxes, Access::user},
    {"GET", "contacts/*/conversations", &S::contactConversations, Access::user},
    {"GET", "contacts/*/labels", &S::contactLabels, Access::user},
    {"POST", "contacts/*/labels", &S::setContactLabels, Access::user},
    {"POST", "contact_inboxes/filter", &S::filterContactInboxes, Access::user},
    {"POST", "conversations", &S::createConversation, Access::bot},
    {"GET", "conversations", &S::listConversations, Access::user},
    {"POST", "conversations/filter", &S::filterConversations, Access::user},
    {"GET", "conversations/*", &S::showConversation, Access::bot},
    {"PATCH", "conversations/*", &S::patchConversation, Access::bot},
    {"POST", "conversations/*/toggle_status", &S::toggleStatus, Access::bot},
    {"POST", "conversations/*/toggle_priority", &S::togglePriority, Access::bot},
    {"POST", "conversations/*/toggle_typing_status", &S::toggleTyping, Access::bot},
    {"POST", "conversations/*/update_last_seen", &S::updateLastSeen, Access::user},
    {"POST", "conversations/*/assignments", &S::assign, Access::bot},
    {"GET", "conversations/*/labels", &S::conversationLabels, Access::bot},
    {"POST", "conversations/*/labels", &S::setConversationLabels, Access::bot},
    {"POST", "conversations/*/custom_attributes", &S::setCustomAttributes, Access::bot},
    {"POST", "conversations/*/messages", &S::createMessage, Access::bot},
    {"GET", "conversations/*/messages", &S::listMessages, Access::user},
    {"PATCH", "conversations/*/messages/*", &S::patchMessage, Access::user},
    {"DELETE", "conversations/*/messages/*", &S::deleteMessage, Access::user},
    {"POST", "conversations/*/messages/*/retry", &S::retryMessage, Access::user},
    {"GET", "inboxes", &S::listInboxes, Access::user},
    {"POST", "inboxes", &S::createInbox, Access::administrator},
    {"GET", "inboxes/*", &S::showInbox, Access::user},
    {"PATCH", "inboxes/*", &S::patchInbox, Access::administrator},
    {"POST", "inboxes/*/reset_secret", &S::resetInboxSecret, Access::administrator},
    {"GET", "inboxes/*/agent_bot", &S::inboxBot, Access::user},
    {"POST", "inboxes/*/set_agent_bot", &S::setInboxBot, Access::administrator},
    {"GET", "agent_bots", &S::listBots, Access::user},
    {"POST", "agent_bots", &S::createBot, Access::administrator},
    {"GET", "agent_bots/*", &S::showBot, Access::user},
    {"PATCH", "agent_bots/*", &S::patchBot, Access::administrator},
    {"GET", "webhooks", &S::listWebhooks, Access::administrator},
    {"POST", "webhooks", &S::createWebhook, Access::administrator},
    {"PATCH", "webhooks/*", &S::patchWebhook, Access::administrator},
    {"DELETE", "webhooks/*", &S::deleteWebhook, Access::administrator},
    {"GET", "teams", &S::listTeams, Access::user},
    {"GET", "agents", &S::listAgents, Access::user},
    {"GET", "labels", &S::listLabels, Access::user},
};

[[noreturn]] void notFound() {
    throw ApiError(404, {{"error", "Resource could not be found"}});
}

ChatwootService::ChatwootService(const EventContext& context)
    : base_(context),
      store_(context.settings),
      events_(context, store_),
      desk_(store_, events_, context.settings) {}

Id ChatwootService::Call::id(std::size_t n) const {
    const Id value = number(request.parts.at(kPrefix + n));
    if (value < 0) notFound();
    return value;
}

std::string ChatwootService::Call::text(const char* name) const {
    if (!body.contains(name) || body[name].is_null()) return {};
    return body[name].is_string() ? body[name].get<std::string>() : body[name].dump();
}

Contact& ChatwootService::needContact(Id id) {
    Contact* row = store_.contact(id);
    if (!row) notFound();
    return *row;
}

Conversation& ChatwootService::needConversation(Id id) {
    Conversation* row = store_.conversation(id);
    if (!row) notFound();
    return *row;
}

Inbox& ChatwootService::needInbox(Id id) {
    Inbox* row = store_.inbox(id);
    if (!row) notFound();
    return *row;
}

Reply ChatwootService::handle(const Request& request) {
    try {
        if (request.method == "GET" && pathIs(request.parts, 0, "health"))
            return Reply::json(200, {{"status", "woot"}});
        if (request.method == "GET" && pathIs(request.parts, 0, "api"))
            return Reply::json(200, {{"version", "4.15.1"},
                                     {"timestamp", timeNow()},
                                     {"queue_services", "ok"},
                                     {"data_services", "ok"}});
        if (request.method == "GET" && pathIs(request.parts, 0, "api/v1/profile"))
            return profile(request);
        if (request.method == "GET" &&
            pathIs(request.parts, 0, "rails/active_storage/blobs/redirect/*/*"))
            return file(request);
        if (request.parts.size() > kPrefix && request.parts[2] == "accounts")
            return inAccount(request);
        return Reply::html(404,
                           "<html><body>The page you were looking for doesn't exist."
                           "</body></html>");
    } catch (const ApiError& e) {
        return Reply::json(e.status, e.body);
    }
}

Actor ChatwootService::authenticate(const Request& request) {
    std::string given = request.header("api_access_token");
    if (given.empty()) given = request.header("api-access-token");
    if (given.empty())
        throw ApiError(401, {{"errors", {"You need to sign in or sign up before continuing."}}});
    for (const User& user : store_.users)
        if (user.token == given) return {SenderKind::user, user.id, user.role, user.name};
    for (const AgentBot& bot : store_.bots)
        if (bot.token == given) return {SenderKind::bot, bot.id, Role::agent, bot.name};
    throw ApiError(401, {{"error", "Invalid Access Token"}});
}

void ChatwootService::readBody(Call& call) {
    call.body = json::object();
    call.attachments = json::array();
    const std::string type = call.request.header("content-type");
    if (call.request.body.empty()) return;
    if (type.rfind("application/json", 0) == 0) {
        call.body = parseBody(call.request.body);
        if (call.body.is_discarded())
            throw ApiError(400, {{"status", 400}, {"error", "Bad Request"}});
        if (!call.body.is_object()) call.body = json{{"_json", call.body}};
        return;
    }
    if (type.rfind("application/x-www-form-urlencoded", 0) == 0) {
        for (const auto& [name, value] : Poco::URI("/?" + call.request.body).getQueryParameters())
            call.body[name] = value;
        return;
    }
    if (!isMultipart(call.request)) return;
    try {
        const Form form = parseMultipart(call.request);
        call.body = form.fields;
        for (const FormFile& file : form.files) {
            const std::size_t dot = file.fileName.rfind('.');
            call.attachments.push_back(
                {{"file_type", fileType(file.contentType)},
                 {"extension",
                  dot == std::string::npos ? json(nullptr) : json(file.fileName.substr(dot + 1))},
                 {"content_type", file.contentType},
                 {"data_url", "http://" + call.request.header("host") +
                                  keep({file.fileName, file.contentType, file.data})},
                 {"thumb_url", ""},
                 {"file_size", file.data.size()},
                 {"width", nullptr},
                 {"height", nullptr}});
        }
    } catch (const Poco::Exception&) {
        throw ApiError(400, {{"status", 400}, {"error", "Bad Request"}});
    }
}

/// Returns the path under which the file can be had: no login, as in the real one, where the
/// address is the secret.
std::string ChatwootService::keep(Media file) {
    std::string name;
    Poco::URI::encode(file.name, "/?#", name);
    store_.files.emplace_back("/rails/active_storage/blobs/redirect/" + token(40) + "/" + name,
                              std::move(file));
    if (store_.files.size() > kMaxFiles) store_.files.pop_front();
    return store_.files.back().first;
}

Reply ChatwootService::file(const Request& request) {
    std::lock_guard lock(store_.mutex);
    for (const auto& [path, file] : store_.files) {
        if (path != request.target) continue;
        Reply reply;
        reply.body = file.bytes;
        reply.contentType = file.type;
        return reply;
    }
    notFound();
}

Reply ChatwootService::inAccount(const Request& request) {
    std::unique_lock lock(store_.mutex);
    Call call{request, authenticate(request), {}, {}, {}};
    const bool bot = call.actor.kind == SenderKind::bot;
    if (number(request.parts[3]) != store_.account.id) {
        if (bot) throw ApiError(401, {{"error", "Bot is not authorized to access this account"}});
        notFound();
    }
    for (const Route& route : kRoutes) {
        if (request.method != route.verb || !pathIs(request.parts, kPrefix, route.form)) continue;
        if (bot && route.access != Access::bot)
            throw ApiError(401, {{"error", "Access to this endpoint is not authorized for bots"}});
        if (route.access == Access::administrator && !call.administrator())
            throw ApiError(401, {{"error", "You are not authorized to do this action"}});
        readBody(call);
        Reply reply = (this->*route.handler)(call);
        reply.trace = call.trace;
        return reply;
    }
    if (bot) throw ApiError(401, {{"error", "Access to this endpoint is not authorized for bots"}});
    notFound();
}

}  // namespace totem_sandbox::chatwoot
