#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace totemd {

/// Takes secrets and personal data out of text that leaves the daemon: log lines, labels of
/// metrics, errors shown in /health.
///
/// What is masked:
/// - registered secrets, wherever they occur: `***`;
/// - values of fields whose name says so (token, password, authorization, api_key, ...), also when
///   such a pair stands inside a text (`pubsub_token=...`, `"password":"..."`, `Bearer ...`,
///   `https://user:...@host`): `***`;
/// - DNIs: `084****2`, by field name, and in any text where eight digits stand alone;
/// - phone numbers: `519*****321`, by field name, and in any text where they stand alone.
///
/// Eight digits are also what some ticket numbers look like: those are masked too. A number that is
/// safe to show is logged as an integer under its own name (`conversation=12345678`).
///
/// Threads: all functions from anywhere.
class Masker {
public:
    static constexpr std::size_t kShortestSecret = 4;

    /// `value` is never shown from now on. Values shorter than kShortestSecret are ignored (they
    /// would blot out ordinary words) and answered with false.
    bool registerSecret(std::string value);

    /// The value of the field called `name`, as it may be shown.
    std::string field(std::string_view name, std::string_view value) const;
    /// The same for a number: masked only when the name asks for it.
    std::string number(std::string_view name, std::string_view digits) const;
    /// Free text, as it may be shown.
    std::string text(std::string_view text) const;
    /// A record for those who may see customers' data: only secrets are masked, by the names of
    /// members and header fields (pairs of name and value in a list) and within texts.
    nlohmann::json json(nlohmann::json record) const;

private:
    using Secrets = std::vector<std::string>;  // longest first

    std::string hideSecrets(std::string_view text) const;
    void maskSecrets(nlohmann::json& value) const;

    std::mutex writing_;
    std::atomic<std::shared_ptr<const Secrets>> secrets_{std::make_shared<const Secrets>()};
};

}  // namespace totemd
