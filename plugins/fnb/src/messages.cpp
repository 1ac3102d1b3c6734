#include "messages.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "amount.hpp"
#include "encoding.hpp"

namespace fnb {
namespace {

using Values = std::array<std::pair<std::string_view, std::string>, 3>;

/// A name comes from outside: it may not bring marks or lines of its own into the message.
std::string plainName(std::string_view name) {
    std::string plain;
    for (const char c : name) {
        const bool mark = c == '*' || c == '_' || c == '~' || c == '`';
        if (mark) continue;
        const bool space = static_cast<unsigned char>(c) <= ' ';
        if (!space)
            plain += c;
        else if (!plain.empty() && plain.back() != ' ')
            plain += ' ';
    }
    if (!plain.empty() && plain.back() == ' ') plain.pop_back();
    return plain;
}

/// Fills one line in one pass, so that a value is never looked at for placeholders again. False
/// when a placeholder in it has no value.
bool fillLine(std::string_view line, const Values& values, std::string& out) {
    while (!line.empty()) {
        const std::size_t brace = line.find('{');
        out += line.substr(0, brace);
        if (brace == std::string_view::npos) return true;
        line.remove_prefix(brace);
        const auto known = std::find_if(values.begin(), values.end(), [&](const auto& value) {
            return line.substr(0, value.first.size()) == value.first;
        });
        if (known == values.end()) {
            out += '{';
            line.remove_prefix(1);
        } else {
            if (known->second.empty()) return false;
            out += known->second;
            line.remove_prefix(known->first.size());
        }
    }
    return true;
}

std::string fill(std::string_view text, const Values& values) {
    std::string out;
    out.reserve(text.size() + 64);
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        const bool more = line.size() < text.size();
        const std::size_t before = out.size();
        if (!fillLine(line, values, out))
            out.resize(before);
        else if (more)
            out += '\n';
        text.remove_prefix(line.size() + (more ? 1 : 0));
    }
    while (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
}

int returnCode(const Outcome& outcome) {
    if (outcome.kind == Outcome::Kind::kFailed) return 2;
    return outcome.kind == Outcome::Kind::kFound && outcome.hasOffer ? 0 : 1;
}

constexpr std::string_view kNotFoundError = "not_found: no hay registros de crédito para este DNI";

}  // namespace

std::string messageFor(const Outcome& outcome, const MessageTemplates& templates) {
    if (outcome.kind == Outcome::Kind::kFailed) {
        return fill(templates.technical, {{{"{telefono}", templates.supportPhone}}});
    }
    if (outcome.kind == Outcome::Kind::kNotFound) {
        return fill(templates.notFound, {{{"{telefono}", templates.supportPhone}}});
    }
    std::string name = plainName(outcome.name);
    if (name.empty()) name = "cliente";
    const Values values{{{"{nombre}", std::move(name)},
                         {"{monto}", formatAmount(outcome.creditLine)},
                         {"{telefono}", templates.supportPhone}}};
    return fill(outcome.hasOffer ? templates.offer : templates.noCredit, values);
}

std::string compactMessage(std::string_view message) {
    std::string out;
    out.reserve(message.size());
    for (const char c : message) {
        if (c == '*') continue;
        if (c != '\n')
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    return out;
}

std::string htmlMessage(std::string_view message) {
    std::string out;
    out.reserve(message.size() + 64);
    bool bold = false;
    for (const char c : message) {
        switch (c) {
            case '*':
                out += bold ? "</b>" : "<b>";
                bold = !bold;
                break;
            case '\n':
                out += "<br>";
                break;
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
    if (bold) out += "</b>";
    return out;
}

std::string resultJson(const Outcome& outcome, std::string_view dni,
                       const MessageTemplates& templates) {
    const bool found = outcome.kind == Outcome::Kind::kFound;
    const bool offer = found && outcome.hasOffer;
    const std::string message = messageFor(outcome, templates);
    const std::string_view data = found ? std::string_view(outcome.data) : "null";
    const std::string_view channel = channelName(outcome.channel);
    std::string out;
    out.reserve(512 + 2 * data.size() + 4 * message.size());
    const auto member = [&out](std::string_view name, std::string_view json) {
        out += out.empty() ? "{\"" : ",\"";
        out += name;
        out += "\":";
        out += json;
    };
    const auto text = [&](std::string_view name, std::string_view value) {
        member(name, "");
        appendJsonText(out, value);
    };
    member("success", found ? "true" : "false");
    text("dni", dni);
    text("channel", channel);
    text("canal", channel);
    member("has_offer", offer ? "true" : "false");
    member("tiene_oferta", offer ? "true" : "false");
    text("client_message", message);
    text("client_message_compact", compactMessage(message));
    text("client_message_html", htmlMessage(message));
    member("data", data);
    member("datos", data);
    if (found)
        member("error", "null");
    else
        text("error", outcome.kind == Outcome::Kind::kNotFound ? kNotFoundError
                                                               : std::string_view(outcome.error));
    member("return_code", std::to_string(returnCode(outcome)));
    out += '}';
    return out;
}

}  // namespace fnb
