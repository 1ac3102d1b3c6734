#include "upstream/retry_policy.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>

namespace totemd {

std::optional<std::int64_t> retryAfterNs(const std::string& value, std::int64_t unixNow) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    std::uint32_t seconds = 0;
    const char* end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, seconds);
    if (parsed.ec == std::errc{} && parsed.ptr == end) return seconds * kSecond;
    const time_t date = curl_getdate(value.c_str(), nullptr);
    // Beyond any deadline, and what would not fit in nanoseconds.
    if (date < 0 || date > 4'000'000'000) return std::nullopt;
    return std::max<std::int64_t>(date * kSecond - unixNow, 0);
}

std::int64_t backOffNs(std::int64_t baseNs, int retry, std::minstd_rand& random) {
    const std::int64_t full = baseNs << std::min(retry - 1, 10);
    return full / 2 + std::uniform_int_distribution<std::int64_t>(0, full / 2)(random);
}

bool isRetryStatus(int status) {
    return status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace totemd
