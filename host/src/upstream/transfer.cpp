#include "upstream/transfer.hpp"

#include <unistd.h>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <string_view>

#include "upstream/verdict.hpp"

namespace totemd {
namespace {

constexpr std::size_t kMaxHeaderBytes = 256 * 1024;

long toMilliseconds(std::int64_t ns) {
    return static_cast<long>(std::max<std::int64_t>((ns + 999'999) / 1'000'000, 1));
}

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::int64_t timeInfo(CURL* easy, CURLINFO which) {
    curl_off_t microseconds = 0;
    curl_easy_getinfo(easy, which, &microseconds);
    return static_cast<std::int64_t>(microseconds) * 1000;
}

}  // namespace

UpstreamRules::UpstreamRules(UpstreamOptions given)
    : options(std::move(given)), policy(options.denied, options.allowedNetworks) {
    std::map<std::string, std::string> lowered;
    for (const auto& [from, to] : options.connectTo) {
        std::string host;
        std::uint16_t port = 0;
        const bool toListener = to.rfind("listener:", 0) == 0 && to.size() > 9;
        if (!splitHostPort(from, host, port) || (!toListener && !splitHostPort(to, host, port))) {
            throw std::invalid_argument("upstream connect_to \"" + from + "\": \"" + to +
                                        "\" is not like \"name:5000\": \"127.0.0.1:5000\" or "
                                        "\"name:5000\": \"listener:main\"");
        }
        lowered[lowerCase(from)] = to;
    }
    options.connectTo = std::move(lowered);
}

Transfer::Transfer() : easy_(curl_easy_init()) {
    if (easy_ == nullptr) throw std::bad_alloc();
    setFixedOptions();
}

Transfer::~Transfer() {
    curl_easy_cleanup(easy_);
    curl_slist_free_all(headerList_);
    curl_slist_free_all(connectTo_);
}

void Transfer::setFixedOptions() {
    curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy_, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    // Redirects are followed by the engine, which drops credentials and checks each hop.
    curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
    // One request per connection at a time; HTTP/2 would bring a resend logic of its own.
    curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
    curl_easy_setopt(easy_, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    // Else the loop would stand still until a slow getaddrinfo returned, after its time-out too.
    curl_easy_setopt(easy_, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, errorText_);
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Transfer::onBody);
    curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &Transfer::onHeader);
    curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, &Transfer::onBeforeRequest);
    curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
    curl_easy_setopt(easy_, CURLOPT_OPENSOCKETFUNCTION, &Transfer::onOpenSocket);
    curl_easy_setopt(easy_, CURLOPT_OPENSOCKETDATA, this);
}

std::string Transfer::begin(const Plan& plan, std::int64_t now) {
    request_ = &plan.request;
    target_ = &plan.target;
    config_ = plan.config;
    connectTimeoutNs_ = plan.connectTimeoutNs;
    deadlineNs_ = plan.deadlineNs;
    repeatable_ = plan.repeatable;
    resolved_ = sent_ = answerBegan_ = resendStopped_ = tooLarge_ = false;
    sends_ = 0;
    headerBytes_ = 0;
    limit_ = request_->maxResponseBytes;
    errorText_[0] = '\0';
    refusal_.clear();
    responseHeaders_.clear();
    responseBody_.clear();

    const std::int64_t left = deadlineNs_ - now;
    curl_easy_setopt(easy_, CURLOPT_PRIVATE, plan.owner);
    curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, toMilliseconds(left));
    curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                     toMilliseconds(std::min(left, connectTimeoutNs_)));
    curl_easy_setopt(easy_, CURLOPT_URL, request_->url.c_str());
    setMethodAndBody(*request_);
    setHeaders(*request_);
    setSecurity(*request_);
    return setRoute(plan);
}

void Transfer::setMethodAndBody(const UpstreamRequest& request) {
    const std::string& method = request.method;
    const bool sendsLength = method == "POST" || method == "PUT" || method == "PATCH";
    // Each of these undoes the others, so a used handle keeps nothing of its last request.
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, nullptr);
    curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
    if (method == "HEAD") {
        curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
    } else if (sendsLength || !request.body.empty()) {
        // Curl would repeat this body silently; `onBeforeRequest` is what stops it.
        curl_easy_setopt(easy_, CURLOPT_POST, 1L);
        curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(request.body.size()));
        curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request.body.c_str());
    }
    if (method != "GET" && method != "HEAD" && method != "POST") {
        curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, method.c_str());
    } else if (method == "GET" && !request.body.empty()) {
        curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, "GET");
    }
    // Stops early what announces too much. What does not is counted in `onBody`. The length of
    // an answer to HEAD is not the length of anything that comes.
    const auto cap = method == "HEAD" ? 0 : static_cast<curl_off_t>(request.maxResponseBytes);
    curl_easy_setopt(easy_, CURLOPT_MAXFILESIZE_LARGE, cap);
}

void Transfer::addHeaderLine(const char* line) {
    curl_slist* longer = curl_slist_append(headerList_, line);
    if (longer == nullptr) throw std::bad_alloc();
    headerList_ = longer;
}

void Transfer::setHeaders(const UpstreamRequest& request) {
    curl_slist_free_all(headerList_);
    headerList_ = nullptr;
    bool hasType = false;
    bool hasAgent = false;
    std::string line;
    for (const auto& [name, value] : request.headers) {
        if (isConnectionHeader(name)) continue;
        hasType = hasType || equalsIgnoreCase(name, "Content-Type");
        hasAgent = hasAgent || equalsIgnoreCase(name, "User-Agent");
        line = name;
        const std::string_view text = trimmed(value);
        line += text.empty() ? ";" : ": ";
        line += text;
        addHeaderLine(line.c_str());
    }
    if (!hasType) addHeaderLine("Content-Type:");  // none, instead of curl's form type
    if (!hasAgent) addHeaderLine("User-Agent: totemd");
    addHeaderLine("Expect:");  // a wait of a second for servers that know no 100
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headerList_);
}

void Transfer::setSecurity(const UpstreamRequest& request) {
    curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, request.verifyTls ? 1L : 0L);
    curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, request.verifyTls ? 2L : 0L);
    // The empty string keeps the proxies of the environment out.
    curl_easy_setopt(easy_, CURLOPT_PROXY, request.proxy ? request.proxy->c_str() : "");
    curl_easy_setopt(easy_, CURLOPT_NOPROXY, "");
    const auto& credentials = request.credentials;
    curl_easy_setopt(easy_, CURLOPT_USERNAME, credentials ? credentials->user.c_str() : nullptr);
    curl_easy_setopt(easy_, CURLOPT_PASSWORD,
                     credentials ? credentials->password.c_str() : nullptr);
    const bool digest = credentials && credentials->scheme == UpstreamCredentials::kDigest;
    curl_easy_setopt(easy_, CURLOPT_HTTPAUTH,
                     static_cast<long>(digest ? CURLAUTH_DIGEST : CURLAUTH_BASIC));
}

std::string Transfer::setRoute(const Plan& plan) {
    curl_slist_free_all(connectTo_);
    connectTo_ = nullptr;
    at_.clear();
    const UpstreamOptions& options = config_->options;
    const auto mapped = options.connectTo.find(target_->upstream);
    if (mapped != options.connectTo.end()) {
        at_ = mapped->second;
        constexpr std::string_view kListener = "listener:";
        if (at_.rfind(kListener, 0) == 0) {
            const std::string name = at_.substr(kListener.size());
            const auto real =
                options.resolveListener ? options.resolveListener(name) : std::nullopt;
            if (!real) {
                return "upstream.connect_to sends it to listener \"" + name +
                       "\", which is not open; configure that listener or change the entry";
            }
            at_ = *real;
        }
        const std::string entry = target_->upstream + ":" + at_;
        connectTo_ = curl_slist_append(nullptr, entry.c_str());
        if (connectTo_ == nullptr) throw std::bad_alloc();
    }
    curl_easy_setopt(easy_, CURLOPT_CONNECT_TO, connectTo_);

    NetAddress literal;
    std::string host = target_->host;
    std::uint16_t port = target_->port;
    if (!at_.empty()) splitHostPort(at_, host, port);
    needsLookup_ = plan.request.proxy || !NetAddress::fromText(host, port, literal);

    // Behind a proxy only a literal target can be judged here.
    const bool judgeName = plan.request.proxy && connectTo_ == nullptr;
    if (judgeName && NetAddress::fromText(target_->host, target_->port, literal)) {
        return config_->policy.refusal(literal);
    }
    return {};
}

std::size_t Transfer::onBody(char* data, std::size_t, std::size_t count, void* context) noexcept {
    auto* self = static_cast<Transfer*>(context);
    if (count > self->request_->maxResponseBytes - self->responseBody_.size()) {
        self->tooLarge_ = true;
        return CURL_WRITEFUNC_ERROR;
    }
    self->responseBody_.append(data, count);
    return count;
}

std::size_t Transfer::onHeader(char* data, std::size_t, std::size_t count, void* context) noexcept {
    auto* self = static_cast<Transfer*>(context);
    self->answerBegan_ = true;
    self->headerBytes_ += count;
    if (self->headerBytes_ > kMaxHeaderBytes) {
        self->tooLarge_ = true;
        self->limit_ = kMaxHeaderBytes;
        return CURL_WRITEFUNC_ERROR;
    }
    const std::string_view line(data, count);
    if (line.substr(0, 5) == "HTTP/") {
        self->responseHeaders_.clear();  // of a 100 or a 401 that was answered with credentials
        return count;
    }
    const std::string_view text = trimmed(line);
    const auto colon = text.find(':');
    if (text.empty() || colon == std::string_view::npos || colon == 0) return count;
    self->responseHeaders_.emplace_back(trimmed(text.substr(0, colon)),
                                        trimmed(text.substr(colon + 1)));
    return count;
}

// The one place through which every sending passes, also the silent one: when a reused connection
// dies before the answer began, curl takes another and comes here again.
int Transfer::onBeforeRequest(void* context, char* remoteIp, char*, int remotePort, int) noexcept {
    auto* self = static_cast<Transfer*>(context);
    if (self->sent_ && !self->answerBegan_ && !self->repeatable_) {
        self->resendStopped_ = true;
        return CURL_PREREQFUNC_ABORT;
    }
    // A connection that is used again was opened under an older policy, perhaps.
    NetAddress address;
    if (NetAddress::fromText(remoteIp, static_cast<std::uint16_t>(remotePort), address) &&
        self->maybeRefuse(address)) {
        return CURL_PREREQFUNC_ABORT;
    }
    self->sent_ = true;
    self->answerBegan_ = false;
    ++self->sends_;
    return CURL_PREREQFUNC_OK;
}

curl_socket_t Transfer::onOpenSocket(void* context, curlsocktype, curl_sockaddr* target) noexcept {
    auto* self = static_cast<Transfer*>(context);
    self->resolved_ = true;
    NetAddress address;
    if (!NetAddress::fromSockaddr(&target->addr, address)) return CURL_SOCKET_BAD;
    if (self->maybeRefuse(address)) return CURL_SOCKET_BAD;
    return socket(target->family, target->socktype | SOCK_CLOEXEC, target->protocol);
}

bool Transfer::maybeRefuse(const NetAddress& address) {
    std::string refusal = config_->policy.refusal(address);
    if (refusal.empty()) return false;
    refusal_ = std::move(refusal);
    return true;
}

void* Transfer::ownerOf(CURL* easy) {
    char* owner = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &owner);
    return owner;
}

std::string Transfer::redirectUrl() const {
    char* url = nullptr;
    curl_easy_getinfo(easy_, CURLINFO_REDIRECT_URL, &url);
    return url == nullptr ? std::string() : std::string(url);
}

// The body is decoded, so what described its coded form would mislead.
void Transfer::dropDecodedHeaders() {
    const bool coded = std::any_of(responseHeaders_.begin(), responseHeaders_.end(), [](auto& h) {
        return equalsIgnoreCase(h.first, "Content-Encoding");
    });
    if (!coded || request_->method == "HEAD") return;
    std::erase_if(responseHeaders_, [](const auto& header) {
        return equalsIgnoreCase(header.first, "Content-Encoding") ||
               equalsIgnoreCase(header.first, "Content-Length");
    });
}

UpstreamResult Transfer::takeResult() {
    UpstreamResult result;
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    result.status = static_cast<int>(status);
    result.url = request_->url;
    result.attempts = sends_;
    result.connectedNs = timeInfo(easy_, CURLINFO_PRETRANSFER_TIME_T);
    result.firstByteNs = timeInfo(easy_, CURLINFO_STARTTRANSFER_TIME_T);
    dropDecodedHeaders();
    result.headers = std::move(responseHeaders_);
    result.body = std::move(responseBody_);
    responseHeaders_.clear();
    responseBody_.clear();
    return result;
}

UpstreamResult Transfer::end(CURLcode code, std::int64_t now) {
    UpstreamResult result = takeResult();
    if (code == CURLE_OK) {
        result.outcome = UpstreamResult::kResponse;
        return result;
    }
    AttemptFacts facts;
    facts.code = code;
    facts.place = target_->upstream + (at_.empty() ? "" : " (at " + at_ + ")");
    facts.sent = sent_;
    facts.repeatable = repeatable_;
    facts.resendStopped = resendStopped_;
    facts.tooLarge = tooLarge_;
    facts.deadlinePassed = now >= deadlineNs_ - 2'000'000;
    facts.refusal = refusal_;
    facts.status = result.status;
    curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &facts.osError);
    facts.detail = errorText_[0] != '\0' ? errorText_ : curl_easy_strerror(code);
    facts.maxBytes = limit_;
    facts.connectTimeoutNs = connectTimeoutNs_;
    judge(facts, result);
    result.body.clear();  // half of one is worse than none
    return result;
}

}  // namespace totemd
