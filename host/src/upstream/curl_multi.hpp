#pragma once

#include <curl/curl.h>

#include <functional>
#include <vector>

#include "loop/event_loop.hpp"

namespace totemd {

/// libcurl's multi interface on an EventLoop: curl says which descriptors and which moment it waits
/// for, the loop waits. One thread, the loop's, from the first `add` to the destructor.
class CurlMulti {
public:
    using Finished = std::function<void(CURL* easy, CURLcode code)>;
    /// `finished` runs outside curl's callbacks, with the handle already removed: it may add
    /// others.
    /// So does `afterRound`, each time that curl has done something.
    CurlMulti(EventLoop& loop, Finished finished, std::function<void()> afterRound);
    ~CurlMulti();
    CurlMulti(const CurlMulti&) = delete;
    CurlMulti& operator=(const CurlMulti&) = delete;

    /// Idle ones are closed, oldest first, when there are more (those in use count).
    void setMaxConnections(std::size_t count);
    void add(CURL* easy);
    /// Ends a transfer before its time; `finished` is not called for it.
    void remove(CURL* easy);

private:
    static int onSocket(CURL* easy, curl_socket_t fd, int what, void* self, void* watched) noexcept;
    static int onTimer(CURLM* multi, long milliseconds, void* self) noexcept;
    void act(curl_socket_t fd, int events);
    void reportFinished();

    EventLoop& loop_;
    Finished finished_;
    std::function<void()> afterRound_;
    CURLM* multi_;
    EventLoop::TimerId timer_ = 0;
};

}  // namespace totemd
