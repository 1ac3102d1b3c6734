#include "world/base/clock.hpp"
#include "world/base/journeys.hpp"
#include "world/chatwoot/filter.hpp"
#include "world/chatwoot/payloads.hpp"
#include "world/chatwoot/service.hpp"

#include <algorithm>
#include <set>

namespace totem_sandbox::chatwoot {
namespace {

using nlohmann::json;

constexpr std::size_t kConversationsPerPage = 25;
const std::set<std::string> kStatuses = {"open", "resolved", "pending", "snoozed"};
const std::set<std::string> kPriorities = {"low", "medium", "high", "urgent"};

Id idOf(const json& body, const char* name) {
    if (!body.contains(name)) return 0;
    const json& value = body[name];
    if (value.is_number_integer()) return value;
    return value.is_string() ? std::atoll(value.get<std::string>().c_str()) : 0;
}

/// An unknown status is a bad enum: the real server answers 500.
std::string checkedStatus(const std::string& status) {
    if (!status.empty() && !kStatuses.count(status))
        throw ApiError(500, {{"status", 500}, {"error", "Internal Server Error"}});
    return status;
}

OptionalText checkedPriority(const json& body) {
    const json value = body.value("priority", json());
    if (value.is_null() || value == "null" || value == "") return std::nullopt;
    if (!value.is_string() || !kPriorities.count(value.get<std::string>()))
        throw ApiError(422, {{"error", "'" + dump(value) + "' is not a valid priority"}});
    return value.get<std::string>();
}

}  // namespace

Reply ChatwootService::createConversation(Call& call) {
    const std::string source = call.text("source_id");
    const Id contactId = idOf(call.body, "contact_id");
    const Id inboxId = idOf(call.body, "inbox_id");
    ContactInbox* address = nullptr;
    if (inboxId != 0 && contactId != 0) {
        Inbox& inbox = needInbox(inboxId);
        Contact& contact = needContact(contactId);
        for (ContactInbox* row : store_.contactInboxesOf(contact.id))
            if (source.empty() && row->inboxId == inbox.id) address = row;
        if (!address) address = &attach(contact, inbox, source, true);
    } else {
        for (auto& [id, inbox] : store_.inboxes)
            if (!source.empty() && !address) address = store_.contactInbox(id, source);
        if (!address) notFound();
    }
    const std::string status = checkedStatus(call.text("status"));
    if (needInbox(address->inboxId).lockToSingle)
        for (const Conversation* row : store_.conversationsOf(address->contactId))
            if (row->contactInboxId == address->id)
                return Reply::json(200, restConversation(store_, *row));
    Conversation& row = desk_.openConversation(*address, status);
    for (const auto& [name, target] :
         {std::pair<const char*, json*>{"custom_attributes", &row.custom},
          {"additional_attributes", &row.additional}})
        if (call.body.contains(name) && call.body[name].is_object()) *target = call.body[name];
    if (const Id user = idOf(call.body, "assignee_id"); store_.user(user))
        desk_.assign(row, user, 0, nullptr);
    if (const Id team = idOf(call.body, "team_id"); store_.teams.count(team))
        desk_.assignTeam(row, team);
    if (call.body.contains("message") && call.body["message"].is_object())
        desk_.post(row, build(call, call.body["message"], row));
    return Reply::json(200, restConversation(store_, row));
}

json ChatwootService::counts(Id userId) const {
    int mine = 0, assigned = 0, unassigned = 0, all = 0;
    for (const auto& [id, row] : store_.conversations) {
        if (row.status != "open") continue;
        ++all;
        mine += row.assigneeId == userId;
        const bool has = row.assigneeId != 0 || row.assigneeBotId != 0;
        assigned += has;
        unassigned += !has;
    }
    return {{"mine_count", mine},
            {"assigned_count", assigned},
            {"unassigned_count", unassigned},
            {"all_count", all}};
}

Reply ChatwootService::listConversations(Call& call) {
    const Request& r = call.request;
    const std::string status = r.hasParam("status") ? r.param("status") : "open";
    if (status != "all") checkedStatus(status);
    const std::string kind = r.param("assignee_type");
    const Time within = std::atoll(r.param("updated_within").c_str());
    const Time since = within > 0 ? unixMs() - within * 1000 : 0;
    std::vector<const Conversation*> rows;
    for (const auto& [id, row] : store_.conversations) {
        const bool has = row.assigneeId != 0 || row.assigneeBotId != 0;
        if (status != "all" && row.status != status) continue;
        if (kind == "me" && row.assigneeId != call.actor.id) continue;
        if ((kind == "unassigned" && has) || (kind == "assigned" && !has)) continue;
        if (r.hasParam("inbox_id") && r.param("inbox_id") != std::to_string(row.inboxId)) continue;
        if (r.hasParam("team_id") && r.param("team_id") != std::to_string(row.teamId)) continue;
        if (row.updated < since) continue;
        rows.push_back(&row);
    }
    std::sort(rows.begin(), rows.end(), [](const Conversation* a, const Conversation* b) {
        return a->lastActivity > b->lastActivity;
    });
    json payload = json::array();
    const std::size_t page = std::max(1, std::atoi(r.param("page").c_str()));
    const std::size_t from = within > 0 ? 0 : (page - 1) * kConversationsPerPage;
    const std::size_t to = within > 0 ? rows.size() : from + kConversationsPerPage;
    for (std::size_t i = from; i < rows.size() && i < to; ++i)
        payload.push_back(restConversation(store_, *rows[i]));
    return Reply::json(200, {{"data", {{"meta", counts(call.actor.id)}, {"payload", payload}}}});
}

Reply ChatwootService::filterConversations(Call& call) {
    const Filter filter(
        call.body, {"status", "assignee_id", "inbox_id", "team_id", "labels", "display_id",
                    "created_at", "last_activity_at", "priority", "contact_id", "browser_language",
                    "campaign_id", "referer", "mail_subject"});
    std::vector<const Conversation*> rows;
    for (const auto& [id, row] : store_.conversations) {
        const json flat = {{"status", row.status},
                           {"assignee_id", row.assigneeId},
                           {"inbox_id", row.inboxId},
                           {"team_id", row.teamId},
                           {"labels", row.labels},
                           {"display_id", row.id},
                           {"created_at", row.created / 1000},
                           {"last_activity_at", row.lastActivity / 1000},
                           {"priority", row.priority ? json(*row.priority) : json()},
                           {"contact_id", row.contactId}};
        if (filter.matches(flat)) rows.push_back(&row);
    }
    std::sort(rows.begin(), rows.end(), [](const Conversation* a, const Conversation* b) {
        return a->lastActivity > b->lastActivity;
    });
    const std::size_t page = std::max(1, std::atoi(call.request.param("page").c_str()));
    json payload = json::array();
    for (std::size_t i = (page - 1) * kConversationsPerPage; i < rows.size() && i < page * kConversationsPerPage; ++i)
        payload.push_back(restConversation(store_, *rows[i]));
    return Reply::json(200, {{"meta", counts(call.actor.id)}, {"payload", payload}});
}

Reply ChatwootService::showConversation(Call& call) {
    return Reply::json(200, restConversation(store_, needConversation(call.id(1))));
}

Reply ChatwootService::patchConversation(Call& call) {
    Conversation& row = needConversation(call.id(1));
    if (call.body.contains("priority")) {
        const OptionalText before = row.priority;
        row.priority = checkedPriority(call.body);
        if (before != row.priority)
            desk_.changed(row, "priority", before ? json(*before) : json(),
                          row.priority ? json(*row.priority) : json());
    }
    return Reply::json(200, restConversation(store_, row));
}

Reply ChatwootService::togglePriority(Call& call) {
    patchConversation(call);
    return Reply::empty();
}

Reply ChatwootService::toggleStatus(Call& call) {
    Conversation& row = needConversation(call.id(1));
    std::string status = checkedStatus(call.text("status"));
    const bool handoff =
        call.actor.kind == SenderKind::bot && row.status == "pending" && status == "open";
    // Without a status it toggles, so that a repeated call undoes the first.
    if (status.empty()) status = row.status == "open" ? "resolved" : "open";
    if (status == "snoozed") row.snoozedUntil = idOf(call.body, "snoozed_until") * 1000;
    call.trace = base_.journeys.byConversation(row.id);
    desk_.setStatus(row, status, &call.actor);
    const bool agent = call.actor.kind == SenderKind::user && call.actor.role == Role::agent;
    if (status == "open" && agent && row.assigneeId != call.actor.id)
        desk_.assign(row, call.actor.id, 0, &call.actor);
    return Reply::json(
        200, {{"meta", json::object()},
              {"payload",
               {{"success", handoff ? json() : json(true)},
                {"conversation_id", row.id},
                {"current_status", row.status},
                {"snoozed_until", row.snoozedUntil ? json(row.snoozedUntil / 1000) : json()}}}});
}

Reply ChatwootService::toggleTyping(Call& call) {
    Conversation& row = needConversation(call.id(1));
    const std::string status = call.text("typing_status");
    if (status == "on" || status == "off")
        events_.typing(status == "on", row, call.actor, call.text("is_private") == "true");
    return Reply::empty();
}

Reply ChatwootService::updateLastSeen(Call& call) {
    Conversation& row = needConversation(call.id(1));
    row.agentSeen = unixMs();
    row.unread = 0;
    return Reply::json(200, restConversation(store_, row));
}

Reply ChatwootService::assign(Call& call) {
    Conversation& row = needConversation(call.id(1));
    if (!call.body.contains("assignee_id") && call.body.contains("team_id")) {
        const Id team = idOf(call.body, "team_id");
        const auto found = store_.teams.find(team);
        desk_.assignTeam(row, found == store_.teams.end() ? 0 : team);
        if (found == store_.teams.end()) return Reply::json(200, nullptr);
        return Reply::json(200, {{"id", found->first}, {"name", found->second}});
    }
    const Id assignee = idOf(call.body, "assignee_id");
    if (call.text("assignee_type") == "AgentBot") {
        const AgentBot* bot = store_.bot(assignee);
        desk_.assign(row, 0, bot ? bot->id : 0, &call.actor);
        return Reply::json(200, bot ? restBot(store_, *bot, false) : json());
    }
    // An unknown or null id unassigns and is answered 200 all the same.
    const User* user = store_.user(assignee);
    desk_.assign(row, user ? user->id : 0, 0, &call.actor);
    return Reply::json(200, user ? restUser(*user, store_.account.id) : json());
}

Reply ChatwootService::conversationLabels(Call& call) {
    return Reply::json(200, {{"payload", needConversation(call.id(1)).labels}});
}

Reply ChatwootService::setConversationLabels(Call& call) {
    Conversation& row = needConversation(call.id(1));
    const json labels = call.body.value("labels", json::array());
    const auto before = row.labels;
    row.labels.clear();
    for (const json& label : labels.is_array() ? labels : json::array({labels}))
        if (label.is_string()) row.labels.push_back(label);
    if (before != row.labels) desk_.changed(row, "label_list", before, row.labels);
    return Reply::json(200, {{"payload", row.labels}});
}

Reply ChatwootService::setCustomAttributes(Call& call) {
    Conversation& row = needConversation(call.id(1));
    const json before = row.custom;
    const json given = call.body.value("custom_attributes", json::object());
    row.custom = given.is_object() ? given : json::object();
    if (before != row.custom) desk_.changed(row, "custom_attributes", before, row.custom);
    return Reply::json(200, {{"custom_attributes", row.custom}});
}

}  // namespace totem_sandbox::chatwoot
