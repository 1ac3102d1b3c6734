#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "flow_graph.hpp"

namespace totem::flows {

/// Where the items of an input come from: an output of one run of a node.
struct WalkSource {
    int node = kNone;
    int output = 0;
    int run = 0;

    static constexpr int kNone = -1;  // no data for this input
    bool none() const { return node == kNone; }
};

/// A node that is to be executed next.
struct WalkTask {
    int node;
    std::vector<WalkSource> inputs;  // empty for the node that the run starts with
};

/// What a node run left on one output.
enum class OutputState : unsigned char { absent, empty, filled };

/// Decides which node runs when: n8n's orders v0 (breadth-first, in the order of connections) and
/// v1 (depth-first, top to bottom and left to right), nodes that wait for several inputs, loops.
///
/// Knows nothing of items or JavaScript, so it can be tested alone. Deterministic: fed with the
/// same outputs it asks for the same nodes, which is what continuing from a checkpoint rests on.
class GraphWalk {
public:
    GraphWalk(const FlowGraph& graph, int startNode);

    /// The next node, or nothing when the run is over.
    std::optional<WalkTask> next();
    /// How often a node ran so far: the index of its next run.
    int runsOf(int node) const { return static_cast<int>(runs_[node].size()); }
    /// The node ran; `outputs` is what it left. Queues those that follow.
    void finished(const WalkTask& task, std::vector<OutputState> outputs);

private:
    using Entry = std::vector<WalkSource>;
    struct Waiting {
        int node;
        std::map<int, Entry> entries;  // by number; each waits for all its inputs
    };
    struct Arrival {
        FlowEdge edge;
        WalkSource source;
    };

    void arrive(const Arrival& arrival);
    bool arriveAtWaiting(const Arrival& arrival);
    void enqueue(WalkTask task);
    bool releaseWaiting();
    bool mayGoOn(const Waiting& waiting) const;
    bool anyFilled(const Entry& entry) const;
    OutputState stateOf(const WalkSource& source) const;

    // Order v0 also runs branches that nothing feeds, when a node waits for them.
    void forceFeeders(const Arrival& arrival);
    void forceFeeder(const Arrival& arrival, int feeder);
    std::optional<int> topOf(int feeder, const std::vector<int>& siblings) const;
    std::vector<int> ancestorsOf(int node) const;
    bool firstInputEmpty(int node, int run) const;
    bool isQueued(int node) const;

    const FlowGraph& graph_;
    std::deque<WalkTask> queue_;
    std::vector<Waiting> waiting_;  // in the order in which they began to wait
    std::vector<std::vector<std::vector<OutputState>>> runs_;  // node, run, output
};

}  // namespace totem::flows
