#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "totem/body.hpp"
#include "totem/json.hpp"
#include "totem/status.hpp"

namespace totem::testing {

/// An answer, of a plugin or for one.
struct Reply {
    Status status = Status::kOk;
    std::string content;  ///< on failure a sentence that says why
    int code = 0;         ///< HTTP status, worker id; else 0
    HeaderList headers;

    static Reply text(std::string content) { return {Status::kOk, std::move(content), 0, {}}; }
    static Reply json(const Json& value) { return {Status::kOk, dumpJson(value), 0, {}}; }
    static Reply http(int code, std::string content = {}, HeaderList headers = {}) {
        return {Status::kOk, std::move(content), code, std::move(headers)};
    }
    static Reply httpJson(int code, const Json& value) {
        return http(code, dumpJson(value), {{"Content-Type", "application/json"}});
    }
    static Reply failure(Status status, std::string sentence) {
        return {status, std::move(sentence), 0, {}};
    }

    /// Takes over what a completion carries and releases it.
    static Reply from(totem_status status, totem_body* raw) {
        const Body body(raw);
        Reply reply{static_cast<Status>(status), body.read(), body.code(), {}};
        for (std::uint32_t i = 0; raw != nullptr && i < raw->header_count; ++i) {
            reply.headers.emplace_back(view(raw->headers[i].name), view(raw->headers[i].value));
        }
        return reply;
    }

    bool ok() const { return status == Status::kOk; }
    /// The content as JSON; Failure (kInvalid) when it is none.
    Json json() const { return parseJson(content); }
    /// The first header of that name, without regard to case; empty when absent.
    std::string_view header(std::string_view name) const {
        for (const auto& [key, value] : headers) {
            if (sameHeaderName(key, name)) return value;
        }
        return {};
    }
};

}  // namespace totem::testing
