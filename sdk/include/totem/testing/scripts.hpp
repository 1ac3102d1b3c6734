#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "totem/abi/http_client.h"
#include "totem/testing/asks.hpp"

namespace totem::testing {

/// What a plugin asked somebody for, as it was recorded.
struct Asked {
    std::string name;     ///< "GET http://…", an action, a worker
    std::string content;  ///< what was sent along
    HeaderList headers;   ///< HTTP only
    std::string subject, key, checkpointKey, checkpoint;
    std::uint32_t flags = 0;    ///< TOTEM_HTTP_*
    std::int32_t affinity = 0;  ///< workers only

    Json json() const { return parseJson(content); }
    std::string_view header(std::string_view wanted) const {
        for (const auto& [name, value] : headers) {
            if (sameHeaderName(name, wanted)) return value;
        }
        return {};
    }
};

/// Answers by name, given before, and a record of what was asked. A name that ends in "*" stands
/// for all that begin so; of several the longest counts. Answers of one name are given in their
/// order, the last one again and again.
/// Threads: any.
class Scripts {
public:
    using Serve = std::function<Reply(const Asked&)>;

    void answer(const std::string& name, Reply reply, std::chrono::nanoseconds after) {
        std::lock_guard<std::mutex> lock(mutex_);
        scripts_[name].answers.push_back({std::move(reply), after});
    }
    void serve(const std::string& name, Serve serve) {
        std::lock_guard<std::mutex> lock(mutex_);
        scripts_[name].serve = std::move(serve);
    }
    std::vector<Asked> asked() const {
        std::lock_guard<std::mutex> lock(mutex_);
        return asked_;
    }
    /// Records what was asked and answers it; `overdue` when the answer comes after the deadline.
    void take(const std::shared_ptr<FakeAsk>& ask, Asked what, Status overdue, Status unscripted,
              Problems& problems) {
        what.subject = ask->subject;
        what.key = ask->key;
        what.checkpointKey = ask->checkpointKey;
        what.checkpoint = ask->checkpoint;
        auto next = nextFor(what);
        if (!next) {
            problems.add("nothing is scripted for " + what.name);
            next.emplace(Answer{Reply::failure(unscripted, "nothing is scripted for " + what.name),
                                std::chrono::nanoseconds(0)});
        }
        ask->answerAfter(next->after, std::move(next->reply), overdue);
    }

private:
    struct Answer {
        Reply reply;
        std::chrono::nanoseconds after;
    };
    struct Script {
        std::deque<Answer> answers;
        Serve serve;
    };

    Script* find(const std::string& name) {
        auto exact = scripts_.find(name);
        if (exact != scripts_.end()) return &exact->second;
        Script* best = nullptr;
        std::size_t length = 0;
        for (auto& [pattern, script] : scripts_) {
            const std::size_t size = pattern.size();
            if (size == 0 || pattern.back() != '*' || size < length) continue;
            if (name.compare(0, size - 1, pattern, 0, size - 1) != 0) continue;
            best = &script;
            length = size;
        }
        return best;
    }
    std::optional<Answer> nextFor(const Asked& what) {
        Serve serve;
        {
            std::lock_guard<std::mutex> lock(mutex_);
            asked_.push_back(what);
            Script* script = find(what.name);
            if (script == nullptr) return std::nullopt;
            if (!script->answers.empty()) {
                Answer answer = script->answers.front();
                if (script->answers.size() > 1) script->answers.pop_front();
                return answer;
            }
            serve = script->serve;
        }
        return Answer{serve(what), std::chrono::nanoseconds(0)};
    }

    mutable std::mutex mutex_;
    std::map<std::string, Script> scripts_;  // guarded by mutex_
    std::vector<Asked> asked_;               // guarded by mutex_
};

/// The world that a plugin reaches by HTTP.
class FakeHttp {
public:
    /// `url` in full, or its beginning and "*".
    void answer(const std::string& method, const std::string& url, Reply reply,
                std::chrono::nanoseconds after = {}) {
        scripts_.answer(method + " " + url, std::move(reply), after);
    }
    void serve(const std::string& method, const std::string& url, Scripts::Serve serve) {
        scripts_.serve(method + " " + url, std::move(serve));
    }
    std::vector<Asked> sent() const { return scripts_.asked(); }

    void take(const std::shared_ptr<FakeAsk>& ask, const totem_http_out& out, Problems& problems) {
        Asked what;
        what.name = std::string(view(out.method)) + " " + std::string(view(out.url));
        what.content = view(out.content);
        what.flags = out.flags;
        for (std::uint32_t i = 0; i < out.header_count; ++i) {
            what.headers.emplace_back(view(out.headers[i].name), view(out.headers[i].value));
        }
        const bool safe = view(out.method) == "GET" || view(out.method) == "HEAD";
        const bool repeatable = (safe || (out.flags & TOTEM_HTTP_REPEATABLE) != 0) &&
                                (out.flags & TOTEM_HTTP_ONCE) == 0;
        scripts_.take(ask, std::move(what), repeatable ? Status::kDeadline : Status::kUnknown,
                      Status::kUnavailable, problems);
    }

private:
    Scripts scripts_;
};

/// Something that is asked by its name: other plugins' actions, the plugin's own workers.
class FakePeers {
public:
    void answer(const std::string& name, Reply reply, std::chrono::nanoseconds after = {}) {
        scripts_.answer(name, std::move(reply), after);
    }
    void serve(const std::string& name, Scripts::Serve serve) {
        scripts_.serve(name, std::move(serve));
    }
    std::vector<Asked> asked() const { return scripts_.asked(); }

    void take(const std::shared_ptr<FakeAsk>& ask, Asked what, Problems& problems) {
        scripts_.take(ask, std::move(what), Status::kDeadline, Status::kNotFound, problems);
    }

private:
    Scripts scripts_;
};

}  // namespace totem::testing
