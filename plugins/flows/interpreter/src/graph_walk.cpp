#include "graph_walk.hpp"

#include <algorithm>

namespace totem::flows {

GraphWalk::GraphWalk(const FlowGraph& graph, int startNode)
    : graph_(graph), runs_(graph.nodes.size()) {
    queue_.push_back({startNode, {}});
}

std::optional<WalkTask> GraphWalk::next() {
    if (queue_.empty() && !releaseWaiting()) return std::nullopt;
    WalkTask task = std::move(queue_.front());
    queue_.pop_front();
    return task;
}

void GraphWalk::finished(const WalkTask& task, std::vector<OutputState> outputs) {
    const int run = runsOf(task.node);
    runs_[task.node].push_back(outputs);
    const FlowNode& node = graph_.nodes[task.node];
    std::vector<Arrival> arrivals;
    for (std::size_t output = 0; output < node.followers.size(); ++output) {
        const auto state = output < outputs.size() ? outputs[output] : OutputState::absent;
        if (state == OutputState::absent) continue;
        for (const FlowEdge edge : node.followers[output]) {
            // No items: only in order v0 does a further input learn that nothing will come.
            if (state == OutputState::empty && (graph_.depthFirst || edge.port == 0)) continue;
            arrivals.push_back({edge, {task.node, static_cast<int>(output), run}});
        }
    }
    if (graph_.depthFirst) {
        // Each is put in front of the queue, so the last one here runs first: top, then left.
        std::stable_sort(arrivals.begin(), arrivals.end(), [&](const Arrival& a, const Arrival& b) {
            const FlowNode& first = graph_.nodes[a.edge.node];
            const FlowNode& second = graph_.nodes[b.edge.node];
            return first.y != second.y ? first.y > second.y : first.x > second.x;
        });
    }
    for (const Arrival& arrival : arrivals) arrive(arrival);
}

void GraphWalk::enqueue(WalkTask task) {
    if (graph_.depthFirst) {
        queue_.push_front(std::move(task));
    } else {
        queue_.push_back(std::move(task));
    }
}

void GraphWalk::arrive(const Arrival& arrival) {
    const FlowNode& node = graph_.nodes[arrival.edge.node];
    if (node.feeders.size() > 1) {
        const bool isNew = arriveAtWaiting(arrival);
        if (isNew && !graph_.depthFirst) forceFeeders(arrival);
        return;
    }
    WalkTask task{arrival.edge.node, Entry(static_cast<std::size_t>(arrival.edge.port) + 1)};
    task.inputs[arrival.edge.port] = arrival.source;
    enqueue(std::move(task));
}

/// Adds to the first entry that misses this input, or begins one. True if the node now waits and
/// did not before.
bool GraphWalk::arriveAtWaiting(const Arrival& arrival) {
    const auto [target, port] = arrival.edge;
    auto found = std::find_if(waiting_.begin(), waiting_.end(),
                              [&](const Waiting& waiting) { return waiting.node == target; });
    const bool wasWaiting = found != waiting_.end();
    if (!wasWaiting) found = waiting_.insert(waiting_.end(), Waiting{target, {}});
    auto& entries = found->entries;
    auto entry = std::find_if(entries.begin(), entries.end(),
                              [&](const auto& each) { return each.second[port].none(); });
    if (entry == entries.end()) {
        const int number = entries.empty() ? 0 : entries.rbegin()->first + 1;
        entry = entries.emplace(number, Entry(graph_.nodes[target].feeders.size())).first;
    }
    entry->second[port] = arrival.source;
    const bool complete = std::none_of(entry->second.begin(), entry->second.end(),
                                       [](const WalkSource& source) { return source.none(); });
    if (!complete) return !wasWaiting;
    enqueue({target, std::move(entry->second)});
    entries.erase(entry);
    if (entries.empty()) waiting_.erase(found);
    return false;
}

OutputState GraphWalk::stateOf(const WalkSource& source) const {
    if (source.none()) return OutputState::absent;
    if (source.node >= static_cast<int>(runs_.size())) return OutputState::filled;
    const auto& outputs = runs_[source.node][source.run];
    return static_cast<std::size_t>(source.output) < outputs.size() ? outputs[source.output]
                                                                    : OutputState::absent;
}

bool GraphWalk::anyFilled(const Entry& entry) const {
    return std::any_of(entry.begin(), entry.end(), [&](const WalkSource& source) {
        return stateOf(source) == OutputState::filled;
    });
}

/// Nothing else can run: a waiting node goes on with the inputs that it has.
bool GraphWalk::releaseWaiting() {
    for (std::size_t i = 0; i < waiting_.size();) {
        Waiting& waiting = waiting_[i];
        if (!mayGoOn(waiting)) {
            ++i;
            continue;
        }
        const int node = waiting.node;
        const auto first = waiting.entries.begin();
        Entry entry = std::move(first->second);
        waiting.entries.erase(first);
        if (waiting.entries.empty()) waiting_.erase(waiting_.begin() + static_cast<long>(i));
        if (anyFilled(entry)) {
            queue_.push_back({node, std::move(entry)});
            return true;
        }
        i = 0;
    }
    return false;
}

bool GraphWalk::mayGoOn(const Waiting& waiting) const {
    const FlowNode& node = graph_.nodes[waiting.node];
    const Entry& entry = waiting.entries.begin()->second;
    if (graph_.depthFirst && node.requiredInputs > 0) {
        const auto there = std::count_if(entry.begin(), entry.end(),
                                         [](const WalkSource& source) { return !source.none(); });
        if (there < node.requiredInputs) return false;
    }
    if (waiting_.size() < 2) return true;
    const std::vector<int> above = ancestorsOf(waiting.node);
    return std::none_of(waiting_.begin(), waiting_.end(), [&](const Waiting& other) {
        return other.node != waiting.node &&
               std::find(above.begin(), above.end(), other.node) != above.end();
    });
}

std::vector<int> GraphWalk::ancestorsOf(int node) const {
    std::vector<bool> seen(graph_.nodes.size());
    std::vector<int> found;
    std::vector<int> level{node};
    seen[node] = true;
    while (!level.empty()) {
        std::vector<int> above;
        for (const int each : level) {
            for (const auto& feeders : graph_.nodes[each].feeders) {
                for (const FlowEdge edge : feeders) {
                    if (seen[edge.node]) continue;
                    seen[edge.node] = true;
                    found.push_back(edge.node);
                    above.push_back(edge.node);
                }
            }
        }
        level = std::move(above);
    }
    return found;
}

bool GraphWalk::isQueued(int node) const {
    return std::any_of(queue_.begin(), queue_.end(),
                       [&](const WalkTask& task) { return task.node == node; });
}

bool GraphWalk::firstInputEmpty(int node, int run) const {
    const auto& feeders = graph_.nodes[node].feeders;
    if (feeders.empty()) return true;
    return std::none_of(feeders[0].begin(), feeders[0].end(), [&](const FlowEdge edge) {
        return run < runsOf(edge.node) &&
               stateOf({edge.node, edge.port, run}) == OutputState::filled;
    });
}

void GraphWalk::forceFeeders(const Arrival& arrival) {
    for (const auto& feeders : graph_.nodes[arrival.edge.node].feeders) {
        for (const FlowEdge feeder : feeders) forceFeeder(arrival, feeder.node);
    }
}

void GraphWalk::forceFeeder(const Arrival& arrival, int feeder) {
    const int parent = arrival.source.node;
    if (feeder == parent) return;
    std::vector<int> siblings;
    for (const auto& followers : graph_.nodes[parent].followers) {
        for (const FlowEdge edge : followers) siblings.push_back(edge.node);
    }
    const bool comesAnyway =
        std::find(siblings.begin(), siblings.end(), feeder) != siblings.end() &&
        !firstInputEmpty(feeder, arrival.source.run);
    if (comesAnyway || isQueued(feeder) || runsOf(feeder) > 0) return;
    const auto top = topOf(feeder, siblings);
    if (!top) return;
    if (!graph_.nodes[*top].feeders.empty() && !firstInputEmpty(*top, arrival.source.run)) return;
    // One empty item, from nobody.
    const int nobody = static_cast<int>(graph_.nodes.size());
    enqueue({*top, {WalkSource{nobody, 0, 0}}});
}

/// The highest node above `feeder` that has to be started; none if something above runs anyway.
std::optional<int> GraphWalk::topOf(int feeder, const std::vector<int>& siblings) const {
    int top = feeder;
    std::vector<int> chain{feeder};
    const std::vector<int> above = ancestorsOf(feeder);
    chain.insert(chain.end(), above.begin(), above.end());
    for (const int node : chain) {
        const bool sibling = std::find(siblings.begin(), siblings.end(), node) != siblings.end();
        if ((node != feeder && sibling) || isQueued(node)) return std::nullopt;
        if (runsOf(node) > 0) break;
        top = node;
    }
    return top;
}

}  // namespace totem::flows
