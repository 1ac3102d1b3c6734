#pragma once

#include "world/base/http_types.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

namespace totem_sandbox {

/// What the customers' phones show, both directions, newest kept. Safe from any thread.
class Phones {
public:
    void sent(const std::string& digits, const std::string& name, const std::string& text,
              const std::string& keyId);
    void received(const std::string& digits, const std::string& text, const std::string& keyId,
                  std::optional<Media> media = std::nullopt);

    /// Messages of one phone with a number above `after`, oldest first.
    nlohmann::json messages(const std::string& digits, std::uint64_t after) const;
    /// The same; with none that the phone *received*, waits for one.
    nlohmann::json waitReceived(const std::string& digits, std::uint64_t after,
                                std::chrono::milliseconds time) const;
    /// Phones that wrote or were written to, latest first: {"from","name"}.
    nlohmann::json list() const;
    /// The file of the message with that number, as long as it is kept.
    std::optional<Media> media(std::uint64_t seq) const;
    void clear();
    void stop();

private:
    struct Message {
        std::uint64_t seq;
        std::string digits, name, text, keyId;
        bool fromCustomer;
        std::int64_t monoUs, unixMs;
        std::optional<Media> media;
    };
    void add(Message message);
    nlohmann::json collect(const std::string& digits, std::uint64_t after, bool& received) const;

    mutable std::mutex mutex_;
    mutable std::condition_variable added_;
    std::deque<Message> messages_;
    std::size_t mediaBytes_ = 0;
    std::uint64_t last_ = 0;
    bool stopped_ = false;
};

}  // namespace totem_sandbox
