#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include <totem/abi/clock.h>
#include <totem/abi/store.h>
#include <totem/ask.hpp>
#include <totem/json.hpp>

namespace catalogue_test {

/// A host with a clock that tests turn and a store in memory that can fail. Asks are answered at
/// once, which is fine for a plugin that waits for them.
struct FakeHost : totem_host {
    std::int64_t unixS = 0;
    mutable std::mutex mutex;  // guards the rest
    std::map<std::string, std::string> rows;
    bool storeFails = false;
    int writes = 0;

    FakeHost() : totem_host{} {
        struct_size = sizeof(totem_host);
        get_extension = [](const totem_host*, const char* id) -> const void* {
            static const totem_host_clock clock{
                sizeof(totem_host_clock), 0, [](const totem_host*) -> std::int64_t { return 1; },
                [](const totem_host* host) { return of(host).unixS * 1'000'000'000; }};
            static const totem_host_store store{sizeof(totem_host_store), 0, get, put, remove, list};
            if (id == std::string(TOTEM_EXT_CLOCK)) return &clock;
            if (id == std::string(TOTEM_EXT_STORE)) return &store;
            return nullptr;
        };
    }

private:
    static FakeHost& of(const totem_host* host) {
        return const_cast<FakeHost&>(static_cast<const FakeHost&>(*host));
    }
    static void answer(const totem_ask* ask, totem_status status, std::string text) {
        ask->done(ask->ctx, status, totem::Body(std::move(text)).release());
    }
    template <typename Run>
    static void answerUnlessFailing(const totem_host* host, const totem_ask* ask, Run run) {
        FakeHost& self = of(host);
        std::string text;
        {
            const std::lock_guard lock(self.mutex);
            if (!self.storeFails) text = run(self);
        }
        if (self.storeFails) answer(ask, TOTEM_E_UNAVAILABLE, "the disk is away");
        else answer(ask, TOTEM_OK, std::move(text));
    }
    static void get(const totem_host* host, totem_str key, const totem_ask* ask) {
        answerUnlessFailing(host, ask, [&](FakeHost& self) { return self.rows[std::string(totem::view(key))]; });
    }
    static void put(const totem_host* host, totem_str key, totem_str value, std::int64_t, const totem_ask* ask) {
        answerUnlessFailing(host, ask, [&](FakeHost& self) {
            ++self.writes;
            self.rows[std::string(totem::view(key))] = totem::view(value);
            return std::string();
        });
    }
    static void remove(const totem_host* host, totem_str key, const totem_ask* ask) {
        answerUnlessFailing(host, ask, [&](FakeHost& self) {
            ++self.writes;
            self.rows.erase(std::string(totem::view(key)));
            return std::string();
        });
    }
    static void list(const totem_host* host, totem_str prefix, totem_str after, std::uint32_t limit, const totem_ask* ask) {
        answerUnlessFailing(host, ask, [&](FakeHost& self) {
            totem::Json entries = totem::Json::array();
            for (const auto& [key, value] : self.rows) {
                if (entries.size() < limit && key > totem::view(after) && key.rfind(totem::view(prefix), 0) == 0)
                    entries.push_back({{"key", key}, {"value", value}});
            }
            return totem::Json{{"entries", entries}}.dump();
        });
    }
};

}  // namespace catalogue_test
