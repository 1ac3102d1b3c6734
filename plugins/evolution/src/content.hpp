#pragma once

#include <string>

#include <totem/json.hpp>

namespace totem::evolution {

/// What a WhatsApp message says, in words that a flow can use.
struct Content {
    /// text, image, video, audio, document, sticker, location, contact, button_reply, list_reply,
    /// poll, reaction, poll_vote, protocol, call, none, or WhatsApp's own name for anything else.
    std::string kind = "none";
    std::string text;            ///< also captions, chosen buttons, places and names; may be empty
    Json attachment;             ///< of media: {kind, mimetype, file_name, seconds, url}
    std::string choice;          ///< id of the button or row that was chosen
    const Json* node = nullptr;  ///< WhatsApp's content, borrowed from the message; never null
};

/// Reads `message` in the shapes of all versions; wrappers (ephemeral, view once, …) are taken off.
/// `type` is `messageType`, for what says no more than that.
Content contentOf(const Json& message, const std::string& type);

/// The context (a quote, an ad) of a message, wherever the version puts it; null when there is
/// none.
const Json& contextOf(const Json& item, const Content& content);

}  // namespace totem::evolution
