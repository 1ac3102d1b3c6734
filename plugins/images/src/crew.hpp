#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace totem::images {

/// A few threads for what waits for the disk: the routes of pictures run on the HTTP loop, where
/// nothing may wait.
///
/// Threads: any. Tasks must not throw. `stop` runs what is posted already and joins.
class Crew {
public:
    explicit Crew(unsigned threads);
    ~Crew();
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    void post(std::function<void()> task);
    /// Behind everything that was posted.
    void postLast(std::function<void()> task);
    void stop();

private:
    void run();

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> first_, last_;  // guarded by mutex_
    bool stopping_ = false;                           // guarded by mutex_
    std::vector<std::thread> threads_;
};

}  // namespace totem::images
