#include "journal/requests.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <stdexcept>
#include <unordered_map>

#include "journal/backoff.hpp"
#include "journal/database.hpp"
#include "journal/schema.hpp"
#include "journal/sqlite.hpp"

namespace totemd {
namespace {

constexpr std::int64_t kTakeBytes = std::int64_t{16} << 20;

}  // namespace

/// What the works share: how much waits, and what is taken (writer thread).
class Requests::Shelf {
public:
    Shelf(Database& database, RequestsOptions options)
        : database(database),
          options(options),
          backoff(options.backoffNs, options.maxBackoffNs),
          unavailable(options.unavailableNs, kMaxUnavailableNs) {}

    class Count;
    class Add;
    class Take;
    class Finish;
    class Replay;

    Database& database;
    const RequestsOptions options;
    std::atomic<std::int64_t> count{0}, bytes{0};
    std::unordered_map<std::int64_t, std::string> taken;  ///< in hand: whose, by request
    std::unordered_map<std::int64_t, int> givenBack;      ///< attempts in a row, by request
    Backoff backoff, unavailable;
};

class Requests::Shelf::Count : public Work {
public:
    explicit Count(Shelf& shelf) : shelf_(shelf) {}
    std::future<std::string> result() { return result_.get_future(); }
    bool reads() const override { return true; }
    void write(Sqlite& db) override {
        Query query(db,
                    "SELECT count(*), coalesce(sum(length(body) + length(headers)), 0)"
                    " FROM requests WHERE state = 0");
        query.next();
        count_ = query.integer(0);
        bytes_ = query.integer(1);
    }
    void committed() override {
        shelf_.count = count_;
        shelf_.bytes = bytes_;
        result_.set_value({});
    }
    void failed(const std::string& reason) override { result_.set_value(reason); }

private:
    Shelf& shelf_;
    std::int64_t count_ = 0, bytes_ = 0;
    std::promise<std::string> result_;
};

class Requests::Shelf::Add : public Work {
public:
    Add(Shelf& shelf, RawRequest request, AddDone done)
        : shelf_(shelf), request_(std::move(request)), done_(std::move(done)) {}

    void write(Sqlite& db) override {
        request_.seq = 0;
        refusal_.clear();
        // Works of one batch all look before any of them counts: a batch may pass the bound a bit.
        if (shelf_.count >= shelf_.options.maxCount) {
            refusal_ = "too many undecoded requests are waiting";
        } else if (shelf_.bytes + size() > shelf_.options.maxBytes) {
            refusal_ = "the undecoded requests that wait have reached their size bound";
        } else {
            request_.seq = shelf_.database.nextSeq();
            db.run(
                "INSERT INTO requests VALUES(?, ?, 0, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?)",
                request_.seq, request_.receivedUnixNs, shelf_.database.now(), request_.plugin,
                request_.listener, request_.route, request_.method, request_.target, request_.peer,
                request_.trace, request_.reason, request_.headers, Blob{request_.body});
        }
    }
    void committed() override {
        if (request_.seq != 0) {
            ++shelf_.count;
            shelf_.bytes += size();
        }
        done_(request_.seq, refusal_);
    }
    void failed(const std::string& reason) override { done_(0, reason); }

private:
    std::int64_t size() const {
        return static_cast<std::int64_t>(request_.body.size() + request_.headers.size());
    }
    Shelf& shelf_;
    RawRequest request_;
    const AddDone done_;
    std::string refusal_;
};

class Requests::Shelf::Take : public Work {
public:
    Take(Shelf& shelf, std::string plugin, int limit, Which which, TakeDone done)
        : shelf_(shelf),
          plugin_(std::move(plugin)),
          limit_(limit),
          which_(which),
          done_(std::move(done)) {}

    void write(Sqlite& db) override {
        letGo();
        // Also what another take of this batch has.
        if (std::any_of(shelf_.taken.begin(), shelf_.taken.end(),
                        [this](const auto& taken) { return taken.second == plugin_; })) {
            return;
        }
        read(db);
        for (const auto& request : requests_) {
            db.run("UPDATE requests SET attempts = attempts + 1 WHERE seq = ?", request.seq);
            shelf_.taken.emplace(request.seq, plugin_);
        }
    }
    void committed() override { done_(std::move(requests_)); }
    void failed(const std::string&) override {
        letGo();
        done_({});
    }

private:
    void letGo() {
        for (const auto& request : requests_) shelf_.taken.erase(request.seq);
        requests_.clear();
    }
    void read(Sqlite& db) {
        Query query(db,
                    "SELECT seq, listener, route, method, target, headers, body, peer, trace,"
                    " received, reason, attempts FROM requests WHERE state = 0 AND plugin = ?"
                    " AND not_before <= ? ORDER BY seq LIMIT ?",
                    plugin_, which_ == Which::All ? INT64_MAX : shelf_.database.now(), limit_);
        std::int64_t bytes = 0;
        while (bytes < kTakeBytes && query.next()) {
            requests_.push_back(read(query));
            bytes += static_cast<std::int64_t>(requests_.back().body.size());
        }
    }
    RawRequest read(const Query& query) const {
        RawRequest request;
        request.plugin = plugin_;
        int column = 0;
        request.seq = query.integer(column++);
        std::string* const texts[] = {&request.listener, &request.route,   &request.method,
                                      &request.target,   &request.headers, &request.body,
                                      &request.peer,     &request.trace};
        for (std::string* text : texts) *text = query.text(column++);
        request.receivedUnixNs = query.integer(column++);
        request.reason = query.text(column++);
        request.attempts = static_cast<int>(query.integer(column)) + 1;
        return request;
    }

    Shelf& shelf_;
    const std::string plugin_;
    const int limit_;
    const Which which_;
    const TakeDone done_;
    std::vector<RawRequest> requests_;
};

class Requests::Shelf::Finish : public Work {
public:
    Finish(Shelf& shelf, std::int64_t seq, End end, std::string error)
        : shelf_(shelf), seq_(seq), end_(end), error_(std::move(error)) {}
    bool mustHappen() const override { return true; }

    void write(Sqlite& db) override {
        size_.reset();
        gone_ = false;
        if (again()) shelf_.taken.erase(seq_);  // a take in the same batch may have it
        auto attempts =
            db.number("SELECT attempts FROM requests WHERE seq = ? AND state = 0", seq_);
        gone_ = !attempts;  // forgotten meanwhile
        if (gone_) return;
        std::int64_t notBefore = shelf_.database.now();
        if (end_ == End::Retry) notBefore += shelf_.backoff.after(static_cast<int>(*attempts));
        if (end_ == End::Unavailable) {
            --*attempts;
            notBefore += shelf_.unavailable.after(givenBack() + 1);
        }
        const bool spent = end_ == End::Retry && *attempts >= shelf_.options.maxAttempts;
        const int state = end_ == End::Done ? kDone : end_ == End::Dead || spent ? kDead : kOpen;
        Query query(db,
                    "UPDATE requests SET state = ?, attempts = ?, not_before = ?, error = ?,"
                    " updated = ? WHERE seq = ? RETURNING length(body) + length(headers)",
                    state, *attempts, notBefore, error_, shelf_.database.now(), seq_);
        while (query.next()) {
            if (state != kOpen) size_ = query.integer(0);
        }
    }
    void committed() override {
        if (!again()) shelf_.taken.erase(seq_);
        if (end_ == End::Unavailable && !gone_) {
            ++shelf_.givenBack[seq_];
        } else {
            shelf_.givenBack.erase(seq_);
        }
        if (!size_) return;
        --shelf_.count;
        shelf_.bytes -= *size_;
    }
    void failed(const std::string&) override {}

private:
    bool again() const { return end_ == End::Retry || end_ == End::Unavailable; }
    int givenBack() const {
        const auto found = shelf_.givenBack.find(seq_);
        return found == shelf_.givenBack.end() ? 0 : found->second;
    }
    Shelf& shelf_;
    const std::int64_t seq_;
    const End end_;
    const std::string error_;
    bool gone_ = false;
    std::optional<std::int64_t> size_;
};

class Requests::Shelf::Replay : public Work {
public:
    Replay(Shelf& shelf, std::int64_t seq, std::function<void(bool)> done)
        : shelf_(shelf), seq_(seq), done_(std::move(done)) {}

    void write(Sqlite& db) override {
        size_.reset();
        Query query(
            db,
            "UPDATE requests SET state = 0, attempts = 0, not_before = 0, error = '', updated = ?"
            " WHERE seq = ? AND state <> 0 RETURNING length(body) + length(headers)",
            shelf_.database.now(), seq_);
        while (query.next()) size_ = query.integer(0);
    }
    void committed() override {
        if (size_) {
            ++shelf_.count;
            shelf_.bytes += *size_;
        }
        done_(size_.has_value());
    }
    void failed(const std::string&) override { done_(false); }

private:
    Shelf& shelf_;
    const std::int64_t seq_;
    const std::function<void(bool)> done_;
    std::optional<std::int64_t> size_;
};

Requests::Requests(Database& database, RequestsOptions options)
    : shelf_(std::make_unique<Shelf>(database, options)) {
    auto work = std::make_unique<Shelf::Count>(*shelf_);
    auto result = work->result();
    database.write(std::move(work));
    const std::string error = result.get();
    if (!error.empty()) throw std::runtime_error("cannot read the undecoded requests: " + error);
}

Requests::~Requests() {
    shelf_->database.stop();
}

void Requests::add(RawRequest request, AddDone done) {
    shelf_->database.write(
        std::make_unique<Shelf::Add>(*shelf_, std::move(request), std::move(done)));
}

void Requests::take(const std::string& plugin, int limit, Which which, TakeDone done) {
    shelf_->database.write(
        std::make_unique<Shelf::Take>(*shelf_, plugin, limit, which, std::move(done)));
}

void Requests::finish(std::int64_t seq, End end, std::string error) {
    shelf_->database.write(std::make_unique<Shelf::Finish>(*shelf_, seq, end, std::move(error)));
}

void Requests::replay(std::int64_t seq, std::function<void(bool)> done) {
    shelf_->database.write(std::make_unique<Shelf::Replay>(*shelf_, seq, std::move(done)));
}

void Requests::recount() {
    shelf_->database.write(std::make_unique<Shelf::Count>(*shelf_));
}

std::int64_t Requests::waiting() const {
    return shelf_->count;
}

}  // namespace totemd
