#include "upstream/curl_multi.hpp"

#include <sys/epoll.h>

#include <mutex>
#include <new>

namespace totemd {
namespace {

std::uint32_t epollEvents(int what) {
    return (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
}

int curlEvents(std::uint32_t events) {
    return (events & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0) |
           (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) | (events & EPOLLERR ? CURL_CSELECT_ERR : 0);
}

}  // namespace

CurlMulti::CurlMulti(EventLoop& loop, Finished finished, std::function<void()> afterRound)
    : loop_(loop), finished_(std::move(finished)), afterRound_(std::move(afterRound)) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    multi_ = curl_multi_init();
    if (multi_ == nullptr) throw std::bad_alloc();
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlMulti::onSocket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlMulti::onTimer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, long{CURLPIPE_NOTHING});
}

CurlMulti::~CurlMulti() {
    curl_multi_cleanup(multi_);
    loop_.cancel(timer_);
}

void CurlMulti::setMaxConnections(std::size_t count) {
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(count));
}

void CurlMulti::add(CURL* easy) {
    // Refused only for want of memory: going on would lose the callback.
    if (curl_multi_add_handle(multi_, easy) != CURLM_OK) throw std::bad_alloc();
}

void CurlMulti::remove(CURL* easy) {
    curl_multi_remove_handle(multi_, easy);
}

int CurlMulti::onSocket(CURL*, curl_socket_t fd, int what, void* context, void* watched) noexcept {
    auto* self = static_cast<CurlMulti*>(context);
    if (what == CURL_POLL_REMOVE) {
        self->loop_.unwatch(fd);
    } else if (watched != nullptr) {
        self->loop_.rewatch(fd, epollEvents(what));
    } else {
        self->loop_.watch(fd, epollEvents(what),
                          [self, fd](std::uint32_t events) { self->act(fd, curlEvents(events)); });
        curl_multi_assign(self->multi_, fd, self);
    }
    return 0;
}

int CurlMulti::onTimer(CURLM*, long milliseconds, void* context) noexcept {
    auto* self = static_cast<CurlMulti*>(context);
    self->loop_.cancel(self->timer_);
    self->timer_ = 0;
    if (milliseconds < 0) return 0;
    self->timer_ = self->loop_.after(milliseconds * 1'000'000LL, [self] {
        self->timer_ = 0;
        self->act(CURL_SOCKET_TIMEOUT, 0);
    });
    return 0;
}

void CurlMulti::act(curl_socket_t fd, int events) {
    int running = 0;
    curl_multi_socket_action(multi_, fd, events, &running);
    reportFinished();
    afterRound_();
}

void CurlMulti::reportFinished() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        CURL* easy = message->easy_handle;
        const CURLcode code = message->data.result;
        curl_multi_remove_handle(multi_, easy);
        finished_(easy, code);
    }
}

}  // namespace totemd
