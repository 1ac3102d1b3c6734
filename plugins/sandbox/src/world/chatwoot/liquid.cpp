#include "world/chatwoot/liquid.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <vector>

namespace totem_sandbox::chatwoot {
namespace {

using nlohmann::json;

struct SyntaxError {};

std::string trim(const std::string& text) {
    const std::size_t from = text.find_first_not_of(" \t\r\n-");
    if (from == std::string::npos) return {};
    return text.substr(from, text.find_last_not_of(" \t\r\n-") - from + 1);
}

std::string printed(const json& value) {
    if (value.is_string()) return value;
    if (value.is_number() || value.is_boolean()) return value.dump();
    return {};
}

const json& lookUp(const json& variables, const std::string& path) {
    static const json kNothing;
    const json* at = &variables;
    std::size_t from = 0;
    while (from <= path.size()) {
        const std::size_t dot = std::min(path.find('.', from), path.size());
        const std::string name = path.substr(from, dot - from);
        if (!at->is_object() || !at->contains(name)) return kNothing;
        at = &(*at)[name];
        from = dot + 1;
    }
    return *at;
}

/// The value of what stands between the braces: a literal or a variable, filters ignored but
/// `default`.
std::string evaluate(const std::string& expression, const json& variables) {
    const std::size_t bar = expression.find('|');
    const std::string head = trim(expression.substr(0, bar));
    std::string value;
    if (head.size() >= 2 && (head[0] == '"' || head[0] == '\'') && head.back() == head[0])
        value = head.substr(1, head.size() - 2);
    else
        value = printed(lookUp(variables, head));
    if (!value.empty() || bar == std::string::npos) return value;
    const std::string filter = trim(expression.substr(bar + 1));
    if (filter.rfind("default:", 0) != 0) return value;
    const std::string fallback = trim(filter.substr(8));
    return fallback.size() >= 2 ? fallback.substr(1, fallback.size() - 2) : fallback;
}

class Renderer {
public:
    Renderer(const std::string& text, const json& variables) : text_(text), variables_(variables) {}

    std::string run() {
        while (at_ < text_.size()) {
            if (text_.compare(at_, 2, "{{") == 0)
                output();
            else if (text_.compare(at_, 2, "{%") == 0)
                tag();
            else if (text_[at_] == '`')
                backquoted();
            else
                write(text_.substr(at_++, 1));
        }
        if (!conditions_.empty()) throw SyntaxError{};
        return out_;
    }

private:
    std::string upTo(const char* end) {
        const std::size_t found = text_.find(end, at_);
        if (found == std::string::npos) throw SyntaxError{};
        const std::string inside = text_.substr(at_, found - at_);
        at_ = found + std::string(end).size();
        return inside;
    }

    void output() {
        at_ += 2;
        write(evaluate(upTo("}}"), variables_));
    }

    void backquoted() {
        const std::size_t end = text_.find('`', at_ + 1);
        const std::size_t stop = end == std::string::npos ? at_ + 1 : end + 1;
        write(text_.substr(at_, stop - at_));
        at_ = stop;
    }

    void tag() {
        at_ += 2;
        const std::string inside = trim(upTo("%}"));
        if (inside == "raw")
            write(upTo("{% endraw %}"));
        else if (inside == "comment")
            upTo("{% endcomment %}");
        else if (inside.rfind("if ", 0) == 0)
            conditions_.push_back(!printed(lookUp(variables_, trim(inside.substr(3)))).empty());
        else if (inside == "else" && !conditions_.empty())
            conditions_.back() = !conditions_.back();
        else if (inside == "endif" && !conditions_.empty())
            conditions_.pop_back();
        else
            throw SyntaxError{};
    }

    void write(const std::string& piece) {
        for (const bool condition : conditions_)
            if (!condition) return;
        out_ += piece;
    }

    const std::string& text_;
    const json& variables_;
    std::size_t at_ = 0;
    std::vector<bool> conditions_;
    std::string out_;
};

}  // namespace

std::string renderLiquid(const std::string& text, const json& variables) {
    if (text.find("{{") == std::string::npos && text.find("{%") == std::string::npos) return text;
    try {
        return Renderer(text, variables).run();
    } catch (const SyntaxError&) {
        return text;
    }
}

}  // namespace totem_sandbox::chatwoot
