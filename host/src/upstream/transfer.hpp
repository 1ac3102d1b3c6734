#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include "upstream/address_policy.hpp"
#include "upstream/upstream_options.hpp"
#include "upstream/upstream_request.hpp"
#include "upstream/upstream_target.hpp"

namespace totemd {

/// The options with what is computed from them. Immutable; shared by the transfers that began
/// under it, so that `configure` never changes one halfway.
struct UpstreamRules {
    /// Throws std::invalid_argument that names the entry.
    explicit UpstreamRules(UpstreamOptions given);
    UpstreamOptions options;
    AddressPolicy policy;
};

/// One attempt of one request on one of libcurl's easy handles; used again for the next.
/// One thread, the loop's.
class Transfer {
public:
    struct Plan {
        const UpstreamRequest& request;  // outlives the attempt
        const UpstreamTarget& target;    // outlives the attempt
        std::shared_ptr<const UpstreamRules> config;
        bool repeatable;
        std::int64_t deadlineNs;
        std::int64_t connectTimeoutNs;
        void* owner;  // comes back from `ownerOf`
    };

    Transfer();
    ~Transfer();
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    /// Returns why the attempt cannot be made, or an empty string: then `easy()` is ready to run.
    std::string begin(const Plan& plan, std::int64_t now);
    /// What the attempt came to, its times since `begin`.
    UpstreamResult end(CURLcode code, std::int64_t now);

    CURL* easy() const { return easy_; }
    static void* ownerOf(CURL* easy);

    /// False while curl may have a thread that looks up the name.
    bool isPastLookup() const { return !needsLookup_ || resolved_ || sent_; }
    /// True when the name was looked up, or found in curl's cache of names.
    bool isResolved() const { return resolved_; }
    /// From the moment before the first byte of the request leaves.
    bool maySent() const { return sent_; }
    /// Absolute, when the response was a redirect; else empty. Before `end`.
    std::string redirectUrl() const;

private:
    static std::size_t onBody(char* data, std::size_t size, std::size_t count, void* self) noexcept;
    static std::size_t onHeader(char* data, std::size_t size, std::size_t count,
                                void* self) noexcept;
    static int onBeforeRequest(void* self, char* remoteIp, char* localIp, int remotePort,
                               int localPort) noexcept;
    static curl_socket_t onOpenSocket(void* self, curlsocktype purpose,
                                      curl_sockaddr* address) noexcept;

    void setFixedOptions();
    std::string setRoute(const Plan& plan);
    void setMethodAndBody(const UpstreamRequest& request);
    void setHeaders(const UpstreamRequest& request);
    void setSecurity(const UpstreamRequest& request);
    void addHeaderLine(const char* line);
    bool maybeRefuse(const NetAddress& address);
    void dropDecodedHeaders();
    UpstreamResult takeResult();

    CURL* easy_;
    char errorText_[CURL_ERROR_SIZE] = "";
    curl_slist* headerList_ = nullptr;
    curl_slist* connectTo_ = nullptr;

    // The attempt.
    const UpstreamRequest* request_ = nullptr;
    const UpstreamTarget* target_ = nullptr;
    std::shared_ptr<const UpstreamRules> config_;
    std::int64_t connectTimeoutNs_ = 0;
    std::string at_;  // where connect_to sends it, for messages
    std::int64_t deadlineNs_ = 0;
    bool repeatable_ = false;
    bool needsLookup_ = false;
    bool resolved_ = false;
    bool sent_ = false;
    bool answerBegan_ = false;  // since the request was last sent
    bool resendStopped_ = false;
    bool tooLarge_ = false;
    int sends_ = 0;
    std::size_t headerBytes_ = 0;
    std::uint64_t limit_ = 0;  // that was exceeded
    std::string refusal_;
    UpstreamHeaders responseHeaders_;
    std::string responseBody_;
};

}  // namespace totemd
