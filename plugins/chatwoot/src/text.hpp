#pragma once

#include <string>
#include <string_view>

namespace totem::chatwoot {

/// Chatwoot runs outgoing text through a template engine (Liquid): `{{` and `{%` in a customer's or
/// a model's text would be evaluated, leak data or vanish. A zero-width non-joiner between the two
/// characters breaks them up without being seen.
std::string neutralizeLiquid(std::string_view text);

/// Flows write WhatsApp's marks (`*bold*`, `~struck~`), Chatwoot reads Markdown and turns it into
/// the marks of the channel: single marks around a word or phrase are doubled. Doubled ones stay.
std::string whatsappToMarkdown(std::string_view text);

}  // namespace totem::chatwoot
