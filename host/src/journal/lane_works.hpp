#pragma once

#include <future>
#include <string>
#include <vector>

#include "journal/lanes.hpp"

namespace totemd {

class Sqlite;

/// Reads the event of a row; empty when it is gone (forgotten meanwhile).
std::shared_ptr<const Event> loadEvent(Sqlite& db, std::int64_t seq);

/// Reads what an earlier life left open, in the order of arrival.
class Dispatcher::Lanes::Restore : public Work {
public:
    explicit Restore(Lanes& lanes) : lanes_(lanes) {}
    /// The error, or an empty string.
    std::future<std::string> result() { return result_.get_future(); }

    void write(Sqlite& db) override;
    void committed() override;
    void failed(const std::string& reason) override { result_.set_value(reason); }
    bool reads() const override { return true; }

private:
    struct Row {
        std::string subscriber, subject;
        Item item;
    };
    Lanes& lanes_;
    std::vector<Row> rows_;
    std::promise<std::string> result_;
};

/// Counts an attempt durably, and reads the event when memory does not hold it.
class Dispatcher::Lanes::Claim : public Work {
public:
    Claim(Lanes& lanes, Lane& lane) : lanes_(lanes), lane_(lane) {}
    void write(Sqlite& db) override;
    void committed() override;
    void failed(const std::string& reason) override;

private:
    Lanes& lanes_;
    Lane& lane_;
    bool gone_ = false;
    std::shared_ptr<const Event> body_;
};

/// Writes what became of an attempt, and in the same commit claims the next event of the lane, so
/// that a conversation moves on with one fsync.
class Dispatcher::Lanes::End : public Work {
public:
    End(Lanes& lanes, Running running, Outcome outcome);
    void write(Sqlite& db) override;
    void committed() override;
    void failed(const std::string&) override {}
    bool mustHappen() const override { return true; }

private:
    bool dead() const;
    bool retry() const;
    void decide();
    void claimNext(Sqlite& db);
    void applyClaim(Lane& lane);
    void goOn();

    Lanes& lanes_;
    Running running_;
    Outcome outcome_;
    bool wasReleased_;
    std::int64_t nextClaimed_ = 0;  ///< an event's number; 0: none
    std::shared_ptr<const Event> nextBody_;
};

}  // namespace totemd
