#include "config/schema_explain.hpp"

#include <algorithm>
#include <set>

#include "config/document.hpp"
#include "config/schema_walk.hpp"
#include "config/suggest.hpp"

namespace totemd {

using nlohmann::json;

namespace {

std::string quoted(const std::string& text) {
    constexpr std::size_t kShown = 48;
    std::string start = text.substr(0, kShown);
    if (text.size() > kShown) {
        while (!start.empty() && (static_cast<unsigned char>(text[start.size()]) & 0xC0U) == 0x80U)
            start.pop_back();
        start += "…";
    }
    return json(start).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string joined(const std::vector<std::string>& words, const char* last) {
    std::string result;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) result += i + 1 == words.size() ? last : ", ";
        result += words[i];
    }
    return result;
}

void addOnce(std::vector<std::string>& words, std::string word) {
    if (std::find(words.begin(), words.end(), word) == words.end())
        words.push_back(std::move(word));
}

/// A number as it stands in the schema: no trailing zeros.
std::string numberIn(const SchemaNodes& nodes, const char* key) {
    for (const json* node : nodes)
        if (auto found = node->find(key); found != node->end() && found->is_number())
            return found->dump();
    return "";
}

const json* valueAt(const json& root, const std::string& pointer) {
    const json::json_pointer at(pointer);
    return root.contains(at) ? &root.at(at) : nullptr;
}

/// One error with everything that its wording needs.
class Explanation {
public:
    Explanation(const json& schema, const json& root, const SchemaError& error,
                const Schema::Disguise& disguise)
        : schema_(schema),
          error_(error),
          disguise_(disguise),
          tokens_(pointerTokens(error.pointer)),
          nodes_(schemaNodesAt(schema, tokens_, root)),
          value_(valueAt(root, error.pointer)) {}

    std::vector<SchemaProblem> problems() const {
        const std::string& said = error_.description;
        if (said.starts_with("Object contains a property")) return unknownKeys();
        if (said.starts_with("Missing required property")) return missingKeys();
        if (said.starts_with("Missing dependency"))
            return {here(afterQuote("needs the key ", said))};
        if (said.starts_with("Value type")) return {here("expected " + types() + got())};
        if (said.find("enum values") != std::string::npos) return {notInList()};
        if (said.find("'const'") != std::string::npos)
            return {here("expected " + constant() + got())};
        if (said.starts_with("Expected number")) return {here("expected " + range() + got())};
        if (said.find("'pattern'") != std::string::npos)
            return {here("expected " + patternMeaning() + got())};
        if (said.starts_with("String should be no")) return {here(length("Length", "character"))};
        if (said.starts_with("Array should contain no")) return {here(length("Items", "element"))};
        if (said.starts_with("Object should have no")) return {here(length("Properties", "key"))};
        if (said.find("unique") != std::string::npos)
            return {here("expected no element twice" + got())};
        return {here("expected what the schema says (" + said + ")" + got())};
    }

private:
    SchemaProblem here(std::string message, std::string suggestion = {}) const {
        return {error_.pointer, false, std::move(message), std::move(suggestion)};
    }

    std::string disguised() const {
        if (std::string instead = disguise_ ? disguise_(error_.pointer) : ""; !instead.empty())
            return instead;
        const bool hidden = (!tokens_.empty() && looksSecret(tokens_.back())) ||
                            std::any_of(nodes_.begin(), nodes_.end(), [](const json* node) {
                                return node->value("writeOnly", json(false)) == true;
                            });
        if (hidden && value_ != nullptr && value_->is_string()) return "a secret text";
        if (hidden && value_ != nullptr && value_->is_number()) return "a number";
        return "";
    }

    std::string got() const {
        if (value_ == nullptr) return "";
        const std::string instead = disguised();
        return ", got " + (instead.empty() ? shownValue(*value_) : instead);
    }

    std::vector<SchemaProblem> unknownKeys() const {
        std::vector<std::string> known;
        std::vector<std::string> patterns;
        for (const json* node : nodes_) {
            if (auto list = node->find("properties"); list != node->end())
                for (const auto& [key, child] : list->items()) addOnce(known, key);
            if (auto list = node->find("patternProperties"); list != node->end())
                for (const auto& [key, child] : list->items()) patterns.push_back(key);
        }
        std::vector<SchemaProblem> result;
        if (value_ == nullptr || !value_->is_object()) return {here("has an unknown key")};
        for (const auto& [key, child] : value_->items()) {
            if (std::find(known.begin(), known.end(), key) != known.end()) continue;
            if (std::any_of(patterns.begin(), patterns.end(),
                            [&key = key](const auto& p) { return matchesPattern(p, key); }))
                continue;
            result.push_back({childPointer(error_.pointer, key), true,
                              "unknown key, expected " + oneOf(known, patternText(patterns)),
                              nearestName(key, known)});
        }
        return result;
    }

    static std::string patternText(const std::vector<std::string>& patterns) {
        return patterns.empty() ? "no key at all"
                                : "a name that matches " + quoted(joined(patterns, " or "));
    }

    std::vector<SchemaProblem> missingKeys() const {
        std::set<std::string> required;
        for (const json* node : nodes_)
            if (auto list = node->find("required"); list != node->end() && list->is_array())
                for (const json& key : *list)
                    if (key.is_string()) required.insert(key.get<std::string>());
        std::vector<SchemaProblem> result;
        for (const std::string& key : required) {
            if (value_ != nullptr && value_->contains(key)) continue;
            // The validator names one key at a time; with branches not all of them are demanded.
            if (error_.description.find("'" + key + "'") == std::string::npos) continue;
            result.push_back(
                {childPointer(error_.pointer, key), true, "missing, expected " + meaning(key), ""});
        }
        return result;
    }

    std::string meaning(const std::string& key) const {
        const SchemaNodes nodes = schemaChildren(schema_, nodes_, key, false);
        std::string result = typesOf(nodes);
        for (const json* node : nodes)
            if (auto text = node->find("description"); text != node->end() && text->is_string())
                return result + " (" + text->get<std::string>() + ")";
        return result;
    }

    static std::string typesOf(const SchemaNodes& nodes) {
        std::vector<std::string> names;
        for (const json* node : nodes) {
            auto type = node->find("type");
            if (type == node->end()) continue;
            for (const json& one : type->is_array() ? *type : json::array({*type}))
                if (one.is_string()) addOnce(names, one.get<std::string>());
        }
        return names.empty() ? "another value" : joined(names, " or ");
    }

    std::string types() const { return typesOf(nodes_); }

    static std::string oneOf(std::vector<std::string> words, const std::string& none) {
        constexpr std::size_t kShown = 16;
        if (words.empty()) return none;
        if (words.size() == 1) return words.front();
        if (words.size() > kShown) {
            words.resize(kShown);
            return "one of " + joined(words, ", ") + ", …";
        }
        return "one of " + joined(words, ", ");
    }

    SchemaProblem notInList() const {
        std::vector<std::string> shown;
        std::vector<std::string> names;
        for (const json* node : nodes_) {
            auto list = node->find("enum");
            if (list == node->end() || !list->is_array()) continue;
            for (const json& one : *list) {
                addOnce(shown, shownValue(one));
                if (one.is_string()) addOnce(names, one.get<std::string>());
            }
        }
        const bool text = value_ != nullptr && value_->is_string() && disguised().empty();
        return here("expected " + oneOf(shown, "nothing") + got(),
                    text ? nearestName(value_->get<std::string>(), names) : "");
    }

    std::string constant() const {
        for (const json* node : nodes_)
            if (auto found = node->find("const"); found != node->end()) return shownValue(*found);
        return "another value";
    }

    std::string range() const {
        const std::string low = numberIn(nodes_, "minimum");
        const std::string high = numberIn(nodes_, "maximum");
        const std::string above = numberIn(nodes_, "exclusiveMinimum");
        const std::string below = numberIn(nodes_, "exclusiveMaximum");
        if (!low.empty() && !high.empty()) return "a number from " + low + " to " + high;
        std::vector<std::string> bounds;
        if (!low.empty()) bounds.push_back("of at least " + low);
        if (!above.empty()) bounds.push_back("above " + above);
        if (!high.empty()) bounds.push_back("of at most " + high);
        if (!below.empty()) bounds.push_back("below " + below);
        return "a number " + joined(bounds, " and ");
    }

    std::string patternMeaning() const {
        for (const json* node : nodes_) {
            if (!node->contains("pattern")) continue;
            if (auto text = node->find("description"); text != node->end() && text->is_string())
                return text->get<std::string>();
            return "text that matches " + shownValue((*node)["pattern"]);
        }
        return "other text";
    }

    std::string length(const std::string& what, const std::string& unit) const {
        const std::string low = numberIn(nodes_, ("min" + what).c_str());
        const std::string high = numberIn(nodes_, ("max" + what).c_str());
        auto count = [&unit](const std::string& n) {
            return n + " " + unit + (n == "1" ? "" : "s");
        };
        std::string expected = "expected at least " + count(low);
        if (error_.description.find("no more than") != std::string::npos)
            expected = "expected at most " + count(high);
        return expected + got();
    }

    static std::string afterQuote(const std::string& start, const std::string& said) {
        const std::size_t open = said.find('\'');
        return start + (open == std::string::npos ? said : said.substr(open));
    }

    const json& schema_;
    const SchemaError& error_;
    const Schema::Disguise& disguise_;
    std::vector<std::string> tokens_;
    SchemaNodes nodes_;
    const json* value_;
};

}  // namespace

std::string shownValue(const json& value) {
    switch (value.type()) {
        case json::value_t::object:
            return value.empty() ? "an empty object" : "an object";
        case json::value_t::array:
            return value.empty() ? "an empty array" : "an array";
        case json::value_t::string:
            return quoted(value.get_ref<const std::string&>());
        default:
            return value.dump();
    }
}

std::vector<SchemaProblem> explain(const json& schema, const json& value, const SchemaError& error,
                                   const Schema::Disguise& disguise) {
    return Explanation(schema, value, error, disguise).problems();
}

}  // namespace totemd
