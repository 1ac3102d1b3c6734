#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "totem/base64.hpp"
#include "totem/clock.hpp"
#include "totem/draft/task.hpp"
#include "totem/http_client.hpp"
#include "totem/json.hpp"

/// Files that go with a message, as the input of an action names them:
///   "attachments": [{"url": "http://srv-img:8000/api/catalogos/a.jpg?preset=whatsapp"},
///                   {"base64": "…", "name": "a.pdf", "type": "application/pdf"}]
namespace totem {
inline namespace v0 {

struct Attachment {
    std::string name, type, bytes;
};

namespace detail {

inline constexpr std::int64_t kMaxFetchNs = 20'000'000'000;

struct FileType {
    std::string_view type, extension, other;
};
inline constexpr std::array<FileType, 7> kFileTypes{{{"image/jpeg", ".jpg", ".jpeg"},
                                                     {"image/png", ".png", ""},
                                                     {"image/webp", ".webp", ""},
                                                     {"image/gif", ".gif", ""},
                                                     {"application/pdf", ".pdf", ""},
                                                     {"video/mp4", ".mp4", ""},
                                                     {"audio/ogg", ".ogg", ".oga"}}};

inline std::string lowerAscii(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return out;
}

inline bool hasControls(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// A plain file name that ends as its type wants: receivers go by the ending, and a rendition may
/// be of another type than the file whose address it has.
inline std::string attachmentName(std::string_view wanted, std::string_view type) {
    std::string name(wanted.substr(wanted.find_last_of('/') + 1));
    for (char& c : name) {
        if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\' || c == 0x7f) c = '_';
    }
    const auto found = std::find_if(kFileTypes.begin(), kFileTypes.end(),
                                    [&](const FileType& known) { return known.type == type; });
    if (found == kFileTypes.end()) return name.empty() ? "file" : name;
    const std::size_t dot = name.find_last_of('.');
    const std::string ending = dot == std::string::npos ? "" : lowerAscii(name.substr(dot));
    if (!ending.empty() && (ending == found->extension || ending == found->other)) return name;
    return (name.empty() ? "file" : name.substr(0, dot)) + std::string(found->extension);
}

inline std::string attachmentText(const Json& wanted, const char* member) {
    const auto found = wanted.find(member);
    return found != wanted.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace detail

/// The files of an action's input, fetched one after the other on behalf of `call`; none without
/// "attachments". Throws Failure, and then nothing was sent to anybody: kUnavailable is worth
/// another try, kRefused and kInvalid are not. `http`, `clock` and `call` outlive the task.
inline Task<std::vector<Attachment>> collectAttachments(const HttpClient& http, const Clock& clock,
                                                        const Call& call, Json input,
                                                        std::uint64_t maxBytes) {
    std::vector<Attachment> files;
    const Json list = input.value("attachments", Json::array());
    std::uint64_t left = maxBytes;
    for (const Json& wanted : list) {
        if (!wanted.is_object())
            throw Failure(Status::kInvalid, "attachments: expected objects with url or base64");
        Attachment file;
        const std::string url = detail::attachmentText(wanted, "url");
        const std::string shown = url.substr(0, url.find('?'));  // what follows may be a signature
        std::string name = shown;
        file.type = detail::attachmentText(wanted, "type");
        if (url.empty()) {
            auto bytes = decodeBase64(detail::attachmentText(wanted, "base64"));
            if (!bytes || bytes->empty())
                throw Failure(Status::kInvalid, "attachments: expected url, or base64 of a file");
            file.bytes = std::move(*bytes);
        } else {
            HttpOut out("GET", url);
            out.maxRedirects(3).maxResponseBytes(std::max<std::uint64_t>(left, 1));
            // A slow server must leave time for saying that nothing was sent.
            const std::int64_t now = clock.monotonicNs();
            AskOptions options(call);
            options.deadlineNs(now + std::clamp<std::int64_t>((call.deadlineNs() - now) / 2, 1,
                                                              detail::kMaxFetchNs));
            Answer answer = co_await http.ask(out, options);
            const int code = answer.ok() ? answer.body.code() : 0;
            if (!answer.ok()) {
                const bool never = answer.status == Status::kTooLarge ||
                                   answer.status == Status::kDenied ||
                                   answer.status == Status::kInvalid;
                throw Failure(
                    never ? Status::kRefused : Status::kUnavailable,
                    "the attachment " + shown + " cannot be had: " + std::string(answer.text()));
            }
            if (code != 200) {
                const bool passes = code == 408 || code == 429 || code >= 500;
                throw Failure(passes ? Status::kUnavailable : Status::kRefused,
                              "the attachment " + shown + " cannot be had: it answers " +
                                  std::to_string(code));
            }
            file.bytes = answer.body.read();
            if (file.type.empty()) {
                const std::string_view type = answer.body.header("Content-Type");
                file.type = detail::lowerAscii(type.substr(0, type.find_first_of("; ")));
            }
        }
        if (file.bytes.empty() || file.bytes.size() > left)
            throw Failure(Status::kRefused, file.bytes.empty()
                                                ? "the attachment " + shown + " is empty"
                                                : std::string("the attachments are too large"));
        left -= file.bytes.size();
        if (file.type.empty()) file.type = "application/octet-stream";
        if (detail::hasControls(file.type))
            throw Failure(Status::kInvalid, "attachments: a type has control characters");
        const std::string given = detail::attachmentText(wanted, "name");
        file.name = detail::attachmentName(given.empty() ? name : given, file.type);
        files.push_back(std::move(file));
    }
    co_return files;
}

}  // namespace v0
}  // namespace totem
