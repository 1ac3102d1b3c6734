// Text to ConfigDocument. nlohmann-json keeps no positions, so its SAX parser reads through an
// iterator that counts: when an event arrives, everything since the event before it is white
// space, a comma, a colon and the token itself.
#include <algorithm>
#include <string_view>

#include "config/document.hpp"

namespace totemd {

using nlohmann::json;

namespace {

/// Offset to line and column.
class LineTable {
public:
    explicit LineTable(const std::string& text) {
        for (std::size_t i = 0; i < text.size(); ++i)
            if (text[i] == '\n') starts_.push_back(i + 1);
    }
    unsigned line(std::size_t offset) const {
        return static_cast<unsigned>(std::upper_bound(starts_.begin(), starts_.end(), offset) -
                                     starts_.begin());
    }
    unsigned column(std::size_t offset) const {
        return static_cast<unsigned>(offset - starts_[line(offset) - 1] + 1);
    }

private:
    std::vector<std::size_t> starts_{0};
};

/// Reports through the three things every step here needs.
struct Source {
    const std::string& file;
    const LineTable& lines;
    std::vector<ConfigProblem>& problems;

    void report(std::size_t offset, const std::string& message) const {
        problems.push_back({file, lines.line(offset), lines.column(offset), "", "", message, ""});
    }
};

std::size_t endOfString(const std::string& text, std::size_t open) {
    std::size_t i = open + 1;
    while (i < text.size() && text[i] != '"' && text[i] != '\n') i += text[i] == '\\' ? 2 : 1;
    return std::min(i, text.size());
}

/// Turns comments and trailing commas into spaces; every other byte keeps its offset.
/// False when a comment has no end.
bool blankExtras(std::string& text, const Source& source) {
    std::size_t comma = std::string::npos;  // the last comma, while nothing but space follows it
    char before = 0;                        // the last byte that counts
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '/' && i + 1 < text.size() && (text[i + 1] == '/' || text[i + 1] == '*')) {
            const bool block = text[i + 1] == '*';
            std::size_t end = block ? text.find("*/", i + 2) : text.find('\n', i);
            if (block && end == std::string::npos) {
                source.report(i, "this comment has no end: expected \"*/\"");
                return false;
            }
            end = block ? end + 2 : std::min(end, text.size());
            for (; i < end; ++i)
                if (text[i] != '\n') text[i] = ' ';
            --i;
        } else if (c == '"') {
            i = endOfString(text, i);
            before = c;
            comma = std::string::npos;
        } else if (c == ',') {
            const bool afterValue = before != 0 && before != ',' && before != '[' && before != '{';
            comma = afterValue ? i : std::string::npos;
            before = c;
        } else if (c == '}' || c == ']') {
            if (comma != std::string::npos) text[comma] = ' ';
            before = c;
            comma = std::string::npos;
        } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            before = c;
            comma = std::string::npos;
        }
    }
    return true;
}

/// An input iterator that counts what the parser has taken.
class CountingIterator {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    CountingIterator(const char* at, std::size_t* taken) : at_(at), taken_(taken) {}
    reference operator*() const { return *at_; }
    CountingIterator& operator++() {
        ++at_;
        ++*taken_;
        return *this;
    }
    bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
    bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

private:
    const char* at_;
    std::size_t* taken_;
};

/// Builds the document and notes where each value begins.
class Builder : public nlohmann::json_sax<json> {
public:
    Builder(const std::string& text, const std::size_t& taken, const Source& source)
        : text_(text), taken_(taken), source_(source) {}

    ConfigDocument take() { return std::move(document_); }

    bool null() override { return add(nullptr); }
    bool boolean(bool value) override { return add(value); }
    bool number_integer(number_integer_t value) override { return add(value); }
    bool number_unsigned(number_unsigned_t value) override { return add(value); }
    bool number_float(number_float_t value, const string_t&) override { return add(value); }
    bool binary(binary_t&) override { return false; }
    bool string(string_t& value) override {
        if (value.size() > kMaxConfigString) {
            source_.report(tokenStart(), "this text is longer than " +
                                             std::to_string(kMaxConfigString) +
                                             " bytes: put it into a file of its own");
            return false;
        }
        return add(std::move(value));
    }
    bool start_object(std::size_t) override { return open(json::object()); }
    bool start_array(std::size_t) override { return open(json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }

    bool key(string_t& value) override {
        Level& level = levels_.back();
        level.keyOffset = tokenStart();
        level.key = value;
        auto [first, isNew] = level.keys.emplace(value, level.keyOffset);
        if (!isNew) reportDuplicate(level, first->second);
        end_ = taken_;
        return true;
    }

    bool parse_error(std::size_t position, const std::string&,
                     const json::exception& error) override {
        // A token that should not be there is shown at its start, a bad byte where it is.
        const std::string what = error.what();
        const bool wrongToken = what.find("unexpected ") != std::string::npos;
        const std::size_t offset = wrongToken || position == 0 ? tokenStart() : position - 1;
        source_.report(std::min(offset, text_.size() - 1), explain(what));
        return false;
    }

private:
    struct Level {
        json* value = nullptr;
        std::string pointer;
        std::string key;
        std::size_t keyOffset = 0;
        std::map<std::string, std::size_t> keys;  // with their offsets
    };

    std::size_t tokenStart() const {
        const std::size_t start = text_.find_first_not_of(" \t\r\n,:", end_);
        return start == std::string::npos ? text_.size() : start;
    }

    std::string nextPointer() const {
        if (levels_.empty()) return "";
        const Level& level = levels_.back();
        return level.value->is_array() ? level.pointer + "/" + std::to_string(level.value->size())
                                       : childPointer(level.pointer, level.key);
    }

    void notePlace(const std::string& pointer) {
        const std::size_t start = tokenStart();
        ConfigPlace place{source_.file, source_.lines.line(start), source_.lines.column(start)};
        if (!levels_.empty() && levels_.back().value->is_object()) {
            place.keyLine = source_.lines.line(levels_.back().keyOffset);
            place.keyColumn = source_.lines.column(levels_.back().keyOffset);
        }
        document_.places[pointer] = place;
    }

    json* attach(json value) {
        notePlace(nextPointer());
        end_ = taken_;
        if (levels_.empty()) {
            document_.root = std::move(value);
            return &document_.root;
        }
        Level& level = levels_.back();
        if (level.value->is_array()) {
            level.value->push_back(std::move(value));
            return &level.value->back();
        }
        return &((*level.value)[level.key] = std::move(value));
    }

    bool add(json value) {
        attach(std::move(value));
        return true;
    }

    bool open(json container) {
        if (levels_.size() >= kMaxConfigDepth) {
            source_.report(tokenStart(),
                           "nested deeper than " + std::to_string(kMaxConfigDepth) + " levels");
            return false;
        }
        const std::string pointer = nextPointer();
        json* value = attach(std::move(container));
        levels_.push_back({value, pointer, {}, 0, {}});
        return true;
    }

    bool close() {
        end_ = taken_;
        levels_.pop_back();
        return true;
    }

    void reportDuplicate(const Level& level, std::size_t first) {
        const std::string pointer = childPointer(level.pointer, level.key);
        source_.problems.push_back({source_.file, source_.lines.line(level.keyOffset),
                                    source_.lines.column(level.keyOffset),
                                    readablePath(document_.root, pointer), pointer,
                                    "this key is given twice in one object, first at line " +
                                        std::to_string(source_.lines.line(first)) + ": remove one",
                                    ""});
    }

    /// The library's reason without its prefix and without the text it read, which may be secret.
    static std::string explain(std::string what) {
        constexpr std::string_view kStart = "syntax error while parsing ";
        if (const auto start = what.find(kStart); start != std::string::npos)
            what.erase(0, start + kStart.size());
        if (const auto read = what.find("; last read: "); read != std::string::npos) {
            const auto expected = what.find("; expected ", read);
            what.erase(read, expected == std::string::npos ? expected : expected - read);
        }
        replaceEnd(what, "expected '}'", "expected ',' or '}'");
        replaceEnd(what, "expected ']'", "expected ',' or ']'");
        replaceEnd(what, "expected string literal", "expected a name in double quotes");
        return "not valid JSON: while reading " + what;
    }

    static void replaceEnd(std::string& text, std::string_view end, std::string_view better) {
        if (text.ends_with(end)) text.replace(text.size() - end.size(), end.size(), better);
    }

    const std::string& text_;
    const std::size_t& taken_;
    const Source& source_;
    ConfigDocument document_;
    std::vector<Level> levels_;
    std::size_t end_ = 0;  // everything before belongs to earlier tokens
};

bool startsAsUtf16(const std::string& text) {
    return text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff");
}

}  // namespace

std::optional<ConfigDocument> parseConfigDocument(const std::string& file, const std::string& text,
                                                  std::vector<ConfigProblem>& problems) {
    const LineTable lines(text);
    const Source source{file, lines, problems};
    if (text.starts_with("\xef\xbb\xbf") || startsAsUtf16(text)) {
        source.report(0,
                      "the file begins with a byte order mark: save it as plain UTF-8 without it");
        return std::nullopt;
    }
    std::string plain = text;
    if (!blankExtras(plain, source)) return std::nullopt;
    if (plain.find_first_not_of(" \t\r\n") == std::string::npos) {
        source.report(0, "the file is empty: expected a JSON object, at least {}");
        return std::nullopt;
    }

    std::size_t taken = 0;
    Builder builder(plain, taken, source);
    const char* begin = plain.data();
    std::size_t ignored = 0;
    const bool read = json::sax_parse(CountingIterator(begin, &taken),
                                      CountingIterator(begin + plain.size(), &ignored), &builder);
    if (!read) return std::nullopt;
    return builder.take();
}

}  // namespace totemd
