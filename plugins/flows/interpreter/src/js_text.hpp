#pragma once

#include <JavaScriptCore/JavaScript.h>

#include <string>
#include <string_view>

namespace totem::flows {

/// Owns one reference to a JSC string.
class JsText {
public:
    /// UTF-8 in; bytes that are not UTF-8 become U+FFFD. Several times faster than the UTF-8
    /// functions of the library, and text is the slow part of talking to it.
    explicit JsText(std::string_view utf8);
    explicit JsText(JSStringRef adopted) : string_(adopted) {}
    ~JsText() {
        if (string_) JSStringRelease(string_);
    }
    JsText(const JsText&) = delete;
    JsText& operator=(const JsText&) = delete;

    JSStringRef get() const { return string_; }
    /// UTF-8 out; half of a surrogate pair becomes U+FFFD.
    std::string toUtf8() const;

private:
    JSStringRef string_ = nullptr;
};

/// JSON.stringify writes half of a surrogate pair (what `slice` leaves of an emoji) as an escape,
/// which is not text and which strict readers refuse: it becomes U+FFFD, as in toUtf8.
void replaceLoneSurrogates(std::string& json);

}  // namespace totem::flows
