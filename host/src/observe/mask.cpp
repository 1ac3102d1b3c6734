#include "observe/mask.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

namespace totemd {
namespace {

constexpr std::string_view kHidden = "***";

enum class NameKind { plain, secret, secretLine, personal };

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}
bool isLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

template <std::size_t N>
bool endsWithAny(std::string_view name, const std::array<std::string_view, N>& endings) {
    return std::any_of(endings.begin(), endings.end(),
                       [&](std::string_view ending) { return name.ends_with(ending); });
}

template <std::size_t N>
bool isAny(std::string_view name, const std::array<std::string_view, N>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// Lower case without separators: `Api-Key`, `api_key` and `apiKey` are one name.
std::string plainName(std::string_view name) {
    std::string plain;
    for (char c : name) {
        if (isLetter(c) || isDigit(c)) plain.push_back(static_cast<char>(std::tolower(c)));
    }
    return plain;
}

NameKind kindOf(std::string_view name) {
    static constexpr std::array<std::string_view, 3> kWholeLine{"authorization", "cookie",
                                                                "setcookie"};
    static constexpr std::array<std::string_view, 11> kSecretEndings{
        "token",     "apikey",     "accesskey", "privatekey", "secretkey", "resourcekey",
        "signature", "credential", "sessionid", "passwd",     "passphrase"};
    static constexpr std::array<std::string_view, 6> kSecretNames{"pwd", "pass",        "auth",
                                                                  "jwt", "credentials", "clave"};
    static constexpr std::array<std::string_view, 15> kPersonalEndings{
        "dni",         "documento", "document", "documentnumber", "ruc",    "phone",
        "phonenumber", "telefono",  "celular",  "movil",          "mobile", "msisdn",
        "waid",        "jid",       "whatsapp"};
    static constexpr std::array<std::string_view, 6> kPersonalNames{"number", "numero", "from",
                                                                    "to",     "tel",    "doc"};
    const std::string plain = plainName(name);
    if (endsWithAny(plain, kWholeLine)) return NameKind::secretLine;
    if (endsWithAny(plain, kSecretEndings) || isAny(plain, kSecretNames) ||
        plain.find("password") != std::string::npos || plain.find("secret") != std::string::npos ||
        plain.find("contrasena") != std::string::npos) {
        return NameKind::secret;
    }
    if (endsWithAny(plain, kPersonalEndings) || isAny(plain, kPersonalNames))
        return NameKind::personal;
    return NameKind::plain;
}

/// `084****2` for eight digits, `519*****321` for more, all but the last hidden for fewer.
void appendMasked(std::string& out, std::string_view digits) {
    const std::size_t head = digits.size() >= 8 ? 3 : 0;
    const std::size_t tail = digits.size() >= 9 ? 3 : 1;
    out.append(digits.substr(0, head));
    out.append(digits.size() - head - tail, '*');
    out.append(digits.substr(digits.size() - tail));
}

/// Every run of four digits and more, for a field whose name says that it is personal.
std::string maskRuns(std::string_view value) {
    std::string out;
    for (std::size_t i = 0; i < value.size();) {
        std::size_t end = i;
        while (end < value.size() && isDigit(value[end])) ++end;
        if (end - i >= 4) {
            appendMasked(out, value.substr(i, end - i));
        } else if (end > i) {
            out.append(end - i, '*');
        } else {
            out.push_back(value[end++]);
        }
        i = end;
    }
    return out;
}

/// Walks over a text once and writes it with what is recognised hidden.
class TextMasker {
public:
    enum class What { secretsAndPersonal, secrets };

    explicit TextMasker(std::string_view in, What what = What::secretsAndPersonal)
        : in_(in), personal_(what == What::secretsAndPersonal) {
        out_.reserve(in.size());
    }

    std::string run() {
        while (at_ < in_.size()) {
            const char c = in_[at_];
            if (isLetter(c) || c == '_') {
                word();
            } else if (personal_ && (isDigit(c) || (c == '+' && isDigit(peek(1))))) {
                number();
            } else if (in_.substr(at_, 3) == "://") {
                userInfo();
            } else {
                copy(1);
            }
        }
        return std::move(out_);
    }

private:
    char peek(std::size_t ahead) const {
        return at_ + ahead < in_.size() ? in_[at_ + ahead] : '\0';
    }

    void copy(std::size_t count) {
        out_.append(in_.substr(at_, count));
        at_ += count;
    }

    void word() {
        std::size_t end = at_;
        while (end < in_.size() &&
               (isLetter(in_[end]) || in_[end] == '_' ||
                (in_[end] == '-' && end + 1 < in_.size() && isLetter(in_[end + 1])))) {
            ++end;
        }
        const std::string_view name = in_.substr(at_, end - at_);
        copy(end - at_);
        const NameKind kind = kindOf(name);
        const std::string plain = plainName(name);
        if ((plain == "bearer" || plain == "basic" || plain == "digest") && peek(0) == ' ') {
            copy(1);
            hide(unquotedEnd(at_, " \t\r\n,;\"'"));
        } else if (kind != NameKind::plain && (personal_ || kind != NameKind::personal)) {
            pair(kind);
        }
    }

    /// `name=value`, `name: value`, `"name":"value"`, the same with escaped quotes.
    void pair(NameKind kind) {
        std::size_t next = at_;
        while (next < in_.size() && (in_[next] == '\\' || in_[next] == '"' || in_[next] == '\''))
            ++next;
        while (next < in_.size() && in_[next] == ' ') ++next;
        if (next >= in_.size() || (in_[next] != '=' && in_[next] != ':')) return;
        ++next;
        while (next < in_.size() && in_[next] == ' ') ++next;
        std::size_t open = next;
        while (open < in_.size() && in_[open] == '\\') ++open;
        const bool quoted = open < in_.size() && (in_[open] == '"' || in_[open] == '\'');
        const std::size_t begin = quoted ? open + 1 : next;
        const std::size_t end =
            quoted ? quotedEnd(begin, in_[open], open - next)
                   : unquotedEnd(begin,
                                 kind == NameKind::secretLine ? "\r\n" : " \t\r\n,&;)}]<>\"'\\");
        copy(begin - at_);
        if (kind == NameKind::personal) {
            out_.append(maskRuns(in_.substr(at_, end - at_)));
            at_ = end;
        } else {
            hide(end);
        }
    }

    /// Where a quoted value ends: at its quote, behind exactly as many backslashes as it began
    /// with.
    std::size_t quotedEnd(std::size_t from, char quote, std::size_t backslashes) const {
        std::size_t seen = 0;
        for (std::size_t i = from; i < in_.size(); ++i) {
            if (in_[i] == quote && seen == backslashes) return i - backslashes;
            seen = in_[i] == '\\' ? seen + 1 : 0;
            if (backslashes == 0 && seen == 2) seen = 0;  // an escaped backslash, not an escape
        }
        return in_.size();
    }

    std::size_t unquotedEnd(std::size_t from, std::string_view stops) const {
        const std::size_t end = in_.find_first_of(stops, from);
        return end == std::string_view::npos ? in_.size() : end;
    }

    void hide(std::size_t end) {
        if (end > at_) out_.append(kHidden);
        at_ = end;
    }

    /// `://user:password@host`: hides the password.
    void userInfo() {
        copy(3);
        const std::size_t end = unquotedEnd(at_, "/?# \t\r\n\"'<>");
        const std::size_t sign = in_.substr(0, end).rfind('@');
        if (sign == std::string_view::npos || sign < at_) return;
        const std::size_t colon = in_.find(':', at_);
        if (colon == std::string_view::npos || colon > sign) return;
        copy(colon + 1 - at_);
        hide(sign);
    }

    void number() {
        std::size_t end = grouped();
        if (end == 0) {
            end = at_ + (in_[at_] == '+' ? 1 : 0);
            while (end < in_.size() && isDigit(in_[end])) ++end;
        }
        std::string digits;
        for (char c : in_.substr(at_, end - at_)) {
            if (isDigit(c)) digits.push_back(c);
        }
        if (digits.size() < 8 || digits.size() > 16 || insideHexId()) {
            copy(end - at_);
            return;
        }
        if (in_[at_] == '+') out_.push_back('+');
        appendMasked(out_, digits);
        at_ = end;
    }

    /// Digits of a long word in hex (a trace, a message id) are nobody's number. Those of any other
    /// word are: customers write `DNI08408122gracias`.
    bool insideHexId() const {
        std::size_t begin = at_;
        std::size_t end = at_;
        while (begin > 0 && (isDigit(in_[begin - 1]) || isLetter(in_[begin - 1]))) --begin;
        while (end < in_.size() && (isDigit(in_[end]) || isLetter(in_[end]))) ++end;
        const std::string_view word = in_.substr(begin, end - begin);
        return word.size() >= 12 && std::any_of(word.begin(), word.end(), isLetter) &&
               std::all_of(word.begin(), word.end(),
                           [](unsigned char c) { return std::isxdigit(c) != 0; });
    }

    /// The end of a number written in groups: `+51 987 654 321`, `51 987 654 321`, `987-654-321`,
    /// `08.408.122`; 0 when the number here is not written so. Dates and amounts are not.
    std::size_t grouped() const {
        static constexpr std::array<std::string_view, 6> kShapes{"dd ddd ddd ddd", "ddd ddd ddd",
                                                                 "dd-ddd-ddd-ddd", "ddd-ddd-ddd",
                                                                 "dd.ddd.ddd",     "dd ddd ddd"};
        const bool plus = in_[at_] == '+';
        const std::size_t from = at_ + (plus ? 1 : 0);
        for (std::string_view shape : kShapes) {
            std::size_t i = 0;
            while (i < shape.size() && from + i < in_.size() &&
                   (shape[i] == 'd' ? isDigit(in_[from + i]) : in_[from + i] == shape[i])) {
                ++i;
            }
            const bool ends = from + i >= in_.size() || !isDigit(in_[from + i]);
            if (i == shape.size() && ends) return from + i;
        }
        return plus ? international(from) : 0;
    }

    std::size_t international(std::size_t from) const {
        std::size_t end = from;
        std::size_t digits = 0;
        for (std::size_t i = from; i < in_.size() && digits < 15; ++i) {
            if (isDigit(in_[i])) {
                ++digits;
                end = i + 1;
            } else if ((in_[i] != ' ' && in_[i] != '-') || !isDigit(in_[i - 1])) {
                break;
            }
        }
        return digits >= 8 ? end : 0;
    }

    const std::string_view in_;
    const bool personal_;
    std::string out_;
    std::size_t at_ = 0;
};

}  // namespace

bool Masker::registerSecret(std::string value) {
    if (value.size() < kShortestSecret) return false;
    std::lock_guard lock(writing_);
    auto next = std::make_shared<Secrets>(*secrets_.load());
    if (std::find(next->begin(), next->end(), value) != next->end()) return true;
    next->push_back(std::move(value));
    std::stable_sort(next->begin(), next->end(),
                     [](const auto& a, const auto& b) { return a.size() > b.size(); });
    secrets_.store(std::move(next));
    return true;
}

std::string Masker::hideSecrets(std::string_view text) const {
    std::string out(text);
    const std::shared_ptr<const Secrets> secrets = secrets_.load();
    for (const std::string& secret : *secrets) {
        for (std::size_t at = out.find(secret); at != std::string::npos;
             at = out.find(secret, at)) {
            out.replace(at, secret.size(), kHidden);
            at += kHidden.size();
        }
    }
    return out;
}

std::string Masker::text(std::string_view text) const {
    return TextMasker(hideSecrets(text)).run();
}

void Masker::maskSecrets(nlohmann::json& value) const {
    const auto isSecret = [](const std::string& name) {
        const NameKind kind = kindOf(name);
        return kind == NameKind::secret || kind == NameKind::secretLine;
    };
    const auto hide = [](nlohmann::json& secret) {
        if (!secret.is_null() && secret != "") secret = kHidden;
    };
    if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        value = TextMasker(hideSecrets(text), TextMasker::What::secrets).run();
    } else if (value.is_object()) {
        // A header field or query parameter: {"name": "Authorization", "value": "..."}.
        const auto name = value.find("name");
        const bool pair = name != value.end() && name->is_string() && value.contains("value") &&
                          isSecret(name->get<std::string>());
        for (auto& [key, member] : value.items()) {
            isSecret(key) || (pair && key == "value") ? hide(member) : maskSecrets(member);
        }
    } else if (value.is_array()) {
        const bool pair =
            value.size() == 2 && value[0].is_string() && isSecret(value[0].get<std::string>());
        if (pair) return hide(value[1]);
        for (auto& member : value) maskSecrets(member);
    }
}

nlohmann::json Masker::json(nlohmann::json record) const {
    maskSecrets(record);
    return record;
}

std::string Masker::field(std::string_view name, std::string_view value) const {
    switch (kindOf(name)) {
        case NameKind::secret:
        case NameKind::secretLine:
            return value.empty() ? std::string() : std::string(kHidden);
        case NameKind::personal:
            return text(maskRuns(hideSecrets(value)));
        case NameKind::plain:
            break;
    }
    return text(value);
}

std::string Masker::number(std::string_view name, std::string_view digits) const {
    return kindOf(name) == NameKind::plain ? hideSecrets(digits) : field(name, digits);
}

}  // namespace totemd
