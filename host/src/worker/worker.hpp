#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "worker/frame.hpp"
#include "worker/worker_pool.hpp"
#include "worker/worker_process.hpp"

namespace totemd {

/// A request and who waits for it.
struct PendingRequest {
    WorkerRequest request;
    WorkerPool::Done done;
    std::uint64_t order = 0;  // of arrival
};

/// First come, first served, within bounds that its owner keeps.
using RequestQueue = std::deque<PendingRequest>;

/// A worker as the pool sees it. Loop thread only.
struct Worker {
    enum class State {
        starting,  // until its ready frame
        idle,
        busy,
        closing,  // hung up for idleness
        dying,    // killed, or seen to be dead; until it is reaped
    };

    Worker(std::uint64_t number, const WorkerOptions& options)
        : id(number), process(options), reader(options.maxPayload) {}

    bool usable() const {
        return state == State::starting || state == State::idle || state == State::busy;
    }

    const std::uint64_t id;
    WorkerProcess process;
    FrameReader reader;
    FrameWriter writer;
    State state = State::starting;
    bool everReady = false;
    std::uint64_t served = 0;    // requests answered
    bool writing = false;        // the loop waits for the socket to take more
    std::int64_t changedNs = 0;  // when it came into this state
    std::int64_t mustEndNs = 0;  // when its start, request or closing is overdue
    std::optional<PendingRequest> active;
    RequestQueue queue;     // with this worker's affinity
    std::string killedWhy;  // empty: it ended by itself
};

}  // namespace totemd
