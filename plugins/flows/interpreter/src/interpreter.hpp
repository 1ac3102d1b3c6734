#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "flow_run.hpp"

namespace totem::flows {

/// Keeps loaded workflows and suspended runs, and answers messages about them.
///
/// A cache and nothing more: a workflow or run that is not here is asked for (`need`), never an
/// error. The least recently used go first when there are too many.
/// Threads: one. Only one may exist in a process at a time.
class Interpreter {
public:
    struct Options {
        std::size_t workflows = 64;  // kept with their contexts, about 2 MB each
        std::size_t runs = 2000;     // suspended
    };

    Interpreter();
    explicit Interpreter(Options options);
    ~Interpreter();

    /// Answers one message (`FlowFrame` bytes in and out), whatever its bytes are.
    std::string handle(std::string_view message);

    /// Looks through a workflow without keeping it: the import report as JSON, the header of
    /// `loaded`.
    std::string report(std::string_view workflow);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace totem::flows
