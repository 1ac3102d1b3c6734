#include "ctl/admin_client.hpp"

#include <curl/curl.h>

namespace totemd {

namespace {

constexpr std::size_t kMaxAnswer = 256 * 1024 * 1024;

std::size_t collect(const char* data, std::size_t size, std::size_t count, void* into) {
    auto& body = *static_cast<std::string*>(into);
    if (body.size() + size * count > kMaxAnswer) return 0;
    body.append(data, size * count);
    return size * count;
}

/// What a problem+json says, in one line; its `errors` on lines of their own.
std::string problemText(const std::string& body) {
    const auto problem = AdminClient::Json::parse(body, nullptr, false);
    if (!problem.is_object()) return {};
    std::string text;
    for (const char* key : {"title", "detail"})
        if (auto found = problem.find(key); found != problem.end() && found->is_string())
            text += (text.empty() ? "" : ": ") + found->get<std::string>();
    if (auto errors = problem.find("errors"); errors != problem.end() && errors->is_array())
        for (const auto& error : *errors)
            if (error.is_string()) text += "\n  " + error.get<std::string>();
    return text;
}

}  // namespace

struct AdminClient::Curl {
    CURL* handle = curl_easy_init();
    curl_slist* headers = nullptr;
    ~Curl() {
        curl_slist_free_all(headers);
        curl_easy_cleanup(handle);
    }
    void header(const std::string& line) { headers = curl_slist_append(headers, line.c_str()); }
};

AdminClient::AdminClient(std::string address, std::string token, std::string tokenSource,
                         std::chrono::milliseconds timeout)
    : curl_(std::make_unique<Curl>()),
      address_(std::move(address)),
      token_(std::move(token)),
      tokenSource_(std::move(tokenSource)),
      timeout_(timeout) {
    if (curl_->handle == nullptr) throw CommandError("libcurl could not be started");
}

AdminClient::~AdminClient() = default;
AdminClient::AdminClient(AdminClient&&) noexcept = default;

AdminClient::Json AdminClient::get(const std::string& path) {
    return parsed(getText(path));
}

std::string AdminClient::getText(const std::string& path) {
    return accepted(request("GET", path, nullptr, {}), path);
}

AdminClient::Json AdminClient::post(const std::string& path, const std::string& body,
                                    const std::string& idempotencyKey) {
    return parsed(accepted(request("POST", path, &body, idempotencyKey), path));
}

AdminClient::Json AdminClient::put(const std::string& path, const std::string& body) {
    return parsed(accepted(request("PUT", path, &body, {}), path));
}

std::optional<AdminClient::Json> AdminClient::tryGet(const std::string& path) {
    try {
        return get(path);
    } catch (const CommandError&) {
        return std::nullopt;
    }
}

std::string AdminClient::encode(const std::string& text) {
    char* escaped = curl_easy_escape(nullptr, text.c_str(), static_cast<int>(text.size()));
    if (escaped == nullptr) throw CommandError("this text cannot be put into an address: " + text);
    std::string result = escaped;
    curl_free(escaped);
    return result;
}

AdminClient::Answer AdminClient::request(const char* method, const std::string& path,
                                         const std::string* body,
                                         const std::string& idempotencyKey) {
    Answer answer;
    CURL* handle = curl_->handle;
    curl_easy_reset(handle);
    curl_slist_free_all(curl_->headers);
    curl_->headers = nullptr;
    if (!token_.empty()) curl_->header("Authorization: Bearer " + token_);
    if (!idempotencyKey.empty()) curl_->header("Idempotency-Key: " + idempotencyKey);
    curl_->header("Accept: application/json");
    curl_->header("Expect:");
    const std::string url = "http://" + address_ + path;
    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_.count()));
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &collect);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &answer.body);
    if (body != nullptr) {
        curl_->header("Content-Type: application/json");
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(body->size()));
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body->c_str());
    }
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, curl_->headers);
    const CURLcode code = curl_easy_perform(handle);
    if (code == CURLE_OPERATION_TIMEDOUT)
        throw CommandError("totemd at " + address_ + " did not answer within " +
                           std::to_string(timeout_.count() / 1000) +
                           " s: see its log, or allow more with --timeout SECONDS");
    if (code != CURLE_OK)
        throw CommandError("totemd cannot be reached at " + address_ + " (" +
                           curl_easy_strerror(code) +
                           "): is it running? See \"systemctl status totemd\", or name another "
                           "address with --admin HOST:PORT");
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer.status);
    return answer;
}

std::string AdminClient::accepted(Answer answer, const std::string& path) const {
    if (answer.status >= 200 && answer.status < 300) return std::move(answer.body);
    if (answer.status == 401 || answer.status == 403)
        throw CommandError(
            "totemd at " + address_ + " refused " +
            (token_.empty() ? "to answer without a token" : "the token from " + tokenSource_) +
            ": give the one of listeners.admin.token with --token-file FILE or TOTEM_ADMIN_TOKEN");
    const std::string said = problemText(answer.body);
    if (answer.status == 404 && said.empty())
        throw CommandError(address_ + " has no " + path +
                           ": is that totemd's admin listener, and of this version?");
    throw CommandError("totemd at " + address_ + " answered " + std::to_string(answer.status) +
                       (said.empty() ? "" : ": " + said));
}

AdminClient::Json AdminClient::parsed(const std::string& body) const {
    Json json = Json::parse(body, nullptr, false);
    if (json.is_discarded())
        throw CommandError(
            address_ + " answered something that is not JSON: is that totemd's admin listener?");
    return json;
}

}  // namespace totemd
