#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace totem_sandbox::chatwoot {

/// What Chatwoot's template engine makes of a text before it is stored: `{{ path }}` is replaced
/// by the variable (unknown: by nothing), `{% if path %}…{% else %}…{% endif %}`, `{% raw %}` and
/// `{% comment %}` work, text in backquotes is spared, a syntax error leaves all as it was.
std::string renderLiquid(const std::string& text, const nlohmann::json& variables);

}  // namespace totem_sandbox::chatwoot
