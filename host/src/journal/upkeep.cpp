#include "journal/upkeep.hpp"

#include "journal/database.hpp"
#include "journal/forget.hpp"
#include "journal/sweep.hpp"

namespace totemd {

/// Runs the steps of a pass one after the other, each a work of its own.
class Upkeep::Sweeper {
public:
    Sweeper(Database& database, UpkeepOptions options) : database(database), options(options) {}

    void tick() {
        const bool keys = database.now() >= keysAt_;
        if (keys) keysAt_ = database.now() + kKeysEveryNs;
        sweep(database, options, keys,
              [this] { database.at(database.now() + options.everyNs, [this] { tick(); }); });
    }

    Database& database;
    const UpkeepOptions options;

private:
    /// They lie in no order of time, so that a pass reads them all.
    static constexpr std::int64_t kKeysEveryNs = 86'400'000'000'000;
    std::int64_t keysAt_ = 0;
};

Upkeep::Upkeep(Database& database, UpkeepOptions options)
    : sweeper_(std::make_unique<Sweeper>(database, options)) {}

Upkeep::~Upkeep() {
    sweeper_->database.stop();
}

void Upkeep::start() {
    sweeper_->database.post([sweeper = sweeper_.get()] { sweeper->tick(); });
}

void Upkeep::run(std::function<void()> done) {
    sweep(sweeper_->database, sweeper_->options, true, std::move(done));
}

void Upkeep::forget(std::vector<std::string> numbers, std::function<void(Forgotten)> done) {
    forgetNumbers(sweeper_->database, std::move(numbers), sweeper_->options.batch, std::move(done));
}

}  // namespace totemd
