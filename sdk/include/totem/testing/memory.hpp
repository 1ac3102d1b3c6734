#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "totem/testing/asks.hpp"

namespace totem::testing {

/// Keys and values with a time to live, by the fake host's clock.
/// Threads: any.
class FakeTable {
public:
    /// When nothing lives under the key, or no longer: nothing.
    std::optional<std::string> get(const std::string& key, std::int64_t now) {
        std::lock_guard<std::mutex> lock(mutex_);
        auto found = rows_.find(key);
        if (found == rows_.end()) return std::nullopt;
        if (found->second.endsNs != 0 && found->second.endsNs <= now) {
            rows_.erase(found);
            return std::nullopt;
        }
        return found->second.value;
    }
    /// `endsNs` 0: never.
    void put(const std::string& key, std::string value, std::int64_t endsNs) {
        std::lock_guard<std::mutex> lock(mutex_);
        rows_[key] = {std::move(value), endsNs};
    }
    void remove(const std::string& key) {
        std::lock_guard<std::mutex> lock(mutex_);
        rows_.erase(key);
    }
    std::int64_t endsNs(const std::string& key) const {
        std::lock_guard<std::mutex> lock(mutex_);
        auto found = rows_.find(key);
        return found == rows_.end() ? 0 : found->second.endsNs;
    }
    std::vector<std::string> keys() const {
        std::lock_guard<std::mutex> lock(mutex_);
        std::vector<std::string> keys;
        for (const auto& [key, row] : rows_) keys.push_back(key);
        return keys;
    }

private:
    struct Row {
        std::string value;
        std::int64_t endsNs;
    };
    mutable std::mutex mutex_;
    std::map<std::string, Row> rows_;  // guarded by mutex_
};

/// The plugin's durable table.
class FakeStore {
public:
    explicit FakeStore(const Agenda& agenda) : agenda_(agenda) {}

    std::optional<std::string> at(const std::string& key) {
        return rows_.get(key, agenda_.unixNs());
    }
    void put(const std::string& key, std::string value, std::int64_t expiresUnixNs = 0) {
        rows_.put(key, std::move(value), expiresUnixNs);
    }
    void remove(const std::string& key) { rows_.remove(key); }
    std::string list(std::string_view prefix, std::string_view after, std::uint32_t limit) {
        Json entries = Json::array();
        for (const std::string& key : rows_.keys()) {
            if (std::string_view(key).substr(0, prefix.size()) != prefix) continue;
            if (!after.empty() && std::string_view(key) <= after) continue;
            const auto value = at(key);
            if (value) entries.push_back({{"key", key}, {"value", *value}});
            if (entries.size() == (limit == 0 ? 1000 : limit)) break;
        }
        return dumpJson({{"entries", std::move(entries)}});
    }

private:
    const Agenda& agenda_;
    FakeTable rows_;
};

/// The shared cache with its locks and counters.
class FakeCache {
public:
    explicit FakeCache(const Agenda& agenda) : agenda_(agenda) {}

    std::optional<std::string> at(const std::string& key) { return rows_.get(key, now()); }
    void set(const std::string& key, std::string value, std::int64_t ttlNs) {
        rows_.put(key, std::move(value), now() + ttlNs);
    }
    void remove(const std::string& key) { rows_.remove(key); }
    /// A token, or nothing when somebody else holds the lock.
    std::optional<std::string> lock(const std::string& key, std::int64_t ttlNs) {
        std::lock_guard<std::mutex> lock(mutex_);
        if (locks_.get(key, now())) return std::nullopt;
        std::string token = "token-" + std::to_string(++tokens_);
        locks_.put(key, token, now() + ttlNs);
        return token;
    }
    void unlock(const std::string& key, const std::string& token) {
        std::lock_guard<std::mutex> lock(mutex_);
        if (locks_.get(key, now()) == token) locks_.remove(key);
    }
    /// Nothing when the entry is no number.
    std::optional<std::string> increment(const std::string& key, std::int64_t by,
                                         std::int64_t ttlNs) {
        std::lock_guard<std::mutex> lock(mutex_);
        const auto old = at(key);
        try {
            const std::string sum = std::to_string(old ? std::stoll(*old) + by : by);
            rows_.put(key, sum, old ? rows_.endsNs(key) : now() + ttlNs);
            return sum;
        } catch (const std::exception&) {
            return std::nullopt;
        }
    }

private:
    std::int64_t now() const { return agenda_.monotonicNs(); }

    const Agenda& agenda_;
    std::mutex mutex_;  // makes lock and increment whole
    FakeTable rows_, locks_;
    std::uint64_t tokens_ = 0;
};

/// The journal: events that the plugin publishes.
/// Threads: any.
class FakeEvents {
public:
    /// Everything stored so far, in order.
    std::vector<Json> published() const {
        std::lock_guard<std::mutex> lock(mutex_);
        return published_;
    }
    /// The types that the manifest lets the plugin publish, and its id. Before: any.
    void declare(std::string plugin, std::vector<std::string> types) {
        std::lock_guard<std::mutex> lock(mutex_);
        plugin_ = std::move(plugin);
        types_ = std::move(types);
    }
    Reply publish(std::string_view text) {
        std::lock_guard<std::mutex> lock(mutex_);
        try {
            Json events = parseJson(text);
            if (!events.is_array()) throw Failure(Status::kInvalid, "expected a JSON array");
            for (Json& event : events) check(event);
            Json results = Json::array();
            for (Json& event : events) results.push_back(add(std::move(event)));
            return Reply::json({{"results", std::move(results)}});
        } catch (const std::exception& error) {
            return Reply::failure(Status::kInvalid, std::string("events: ") + error.what());
        }
    }

private:
    static bool covers(const std::string& pattern, const std::string& type) {
        if (pattern.empty() || pattern.back() != '*') return pattern == type;
        return type.compare(0, pattern.size() - 1, pattern, 0, pattern.size() - 1) == 0;
    }
    void check(Json& event) const {
        const std::string type = event.at("type").get<std::string>();
        event.at("id").get_ref<const std::string&>();
        bool declared = plugin_.empty();
        for (const std::string& pattern : types_) declared = declared || covers(pattern, type);
        if (!declared) {
            throw Failure(Status::kInvalid, "type \"" + type + "\" is not in events.publishes");
        }
        if (!event.contains("source")) event["source"] = plugin_;
    }
    const char* add(Json event) {
        const std::string source = event.at("source").get<std::string>();
        if (!seen_.insert({source, event.at("id").get<std::string>()}).second) return "duplicate";
        published_.push_back(std::move(event));
        return "stored";
    }

    mutable std::mutex mutex_;  // guards all below
    std::string plugin_;
    std::vector<std::string> types_;
    std::vector<Json> published_;
    std::set<std::pair<std::string, std::string>> seen_;  // source and id
};

}  // namespace totem::testing
