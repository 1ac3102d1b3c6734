#include "journal/schema.hpp"

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <stdexcept>

#include "journal/sqlite.hpp"

namespace totemd {
namespace {

/// What this daemon writes, and the oldest daemon that may still read what it writes.
constexpr int kVersion = 2;
constexpr int kMinReader = 2;

// Small tables in the order of writing, so that a commit touches few pages: events, deliveries and
// effects grow at their end; only the duplicate keys and the effect keys land anywhere.
constexpr const char* kTables = R"sql(
CREATE TABLE events(
    seq INTEGER PRIMARY KEY, received INTEGER NOT NULL, source TEXT NOT NULL, id TEXT NOT NULL,
    type TEXT NOT NULL, subject TEXT NOT NULL, time TEXT NOT NULL, trace TEXT NOT NULL,
    reply TEXT NOT NULL, data TEXT NOT NULL);
CREATE TABLE deliveries(
    event INTEGER NOT NULL, subscriber TEXT NOT NULL, state INTEGER NOT NULL,
    attempts INTEGER NOT NULL, replay INTEGER NOT NULL, fresh INTEGER NOT NULL,
    not_before INTEGER NOT NULL, updated INTEGER NOT NULL, error TEXT NOT NULL,
    PRIMARY KEY(event, subscriber)) WITHOUT ROWID;
CREATE INDEX deliveries_open ON deliveries(event) WHERE state = 0;
CREATE INDEX deliveries_dead ON deliveries(event) WHERE state = 2;
CREATE TABLE seen(key BLOB PRIMARY KEY, event INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE effects(
    seq INTEGER PRIMARY KEY, key_hash INTEGER NOT NULL, caller TEXT NOT NULL, key TEXT NOT NULL,
    plugin TEXT NOT NULL, action TEXT NOT NULL, kind INTEGER NOT NULL, subject TEXT NOT NULL,
    event INTEGER NOT NULL, trace TEXT NOT NULL, attempt_timeout INTEGER NOT NULL,
    deadline INTEGER NOT NULL, created INTEGER NOT NULL,
    state INTEGER NOT NULL, attempts INTEGER NOT NULL, updated INTEGER NOT NULL,
    input TEXT NOT NULL, result TEXT NOT NULL);
CREATE INDEX effects_key ON effects(key_hash);
CREATE INDEX effects_subject ON effects(subject) WHERE kind = 1;
CREATE INDEX effects_open ON effects(seq) WHERE state <= 0;
CREATE INDEX effects_dead ON effects(seq) WHERE state >= 3;
CREATE TABLE store(
    plugin TEXT NOT NULL, key BLOB NOT NULL, expires INTEGER NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY(plugin, key)) WITHOUT ROWID;
CREATE INDEX store_expires ON store(expires) WHERE expires > 0;
)sql";

constexpr const char* kRequests = R"sql(
CREATE TABLE requests(
    seq INTEGER PRIMARY KEY, received INTEGER NOT NULL, state INTEGER NOT NULL,
    attempts INTEGER NOT NULL, not_before INTEGER NOT NULL, updated INTEGER NOT NULL,
    plugin TEXT NOT NULL, listener TEXT NOT NULL, route TEXT NOT NULL, method TEXT NOT NULL,
    target TEXT NOT NULL, peer TEXT NOT NULL, trace TEXT NOT NULL, reason TEXT NOT NULL,
    error TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL);
CREATE INDEX requests_open ON requests(plugin, seq) WHERE state = 0;
)sql";

void create(Sqlite& db) {
    // Random numbers of the system, twice 122 bits: a key that nobody guesses.
    boost::uuids::random_generator random;
    const std::string secret = to_string(random()) + to_string(random());
    db.exec(kTables);
    db.exec(kRequests);
    db.run("INSERT INTO meta VALUES('version', ?)", kVersion);
    db.run("INSERT INTO meta VALUES('min_reader', ?)", kMinReader);
    db.run("INSERT INTO meta VALUES('probe', 0)");
    db.run("INSERT INTO meta VALUES('secret', ?)", secret);
}

/// Brings a file of an earlier version to this one, in the transaction of the opening.
void upgrade(Sqlite& db, std::int64_t version) {
    if (version < 2) {
        db.exec("ALTER TABLE effects DROP COLUMN run");
        db.exec("ALTER TABLE requests RENAME TO requests_1");
        db.exec("DROP INDEX requests_open");
        db.exec(kRequests);
        db.exec(
            "INSERT INTO requests SELECT seq, received, state, attempts, 0, updated, plugin, "
            "'main',"
            " route, method, target, peer, '', reason, error, headers, body FROM requests_1");
        db.exec("DROP TABLE requests_1");
    }
    if (version >= kVersion) return;
    db.run("UPDATE meta SET value = ? WHERE key = 'version'", kVersion);
    db.run("UPDATE meta SET value = ? WHERE key = 'min_reader'", kMinReader);
}

void checkReadable(Sqlite& db) {
    const auto minReader = db.number("SELECT value FROM meta WHERE key = 'min_reader'").value_or(0);
    if (minReader <= kVersion) return;
    const auto version = db.number("SELECT value FROM meta WHERE key = 'version'").value_or(0);
    throw std::runtime_error(db.path() + ": schema version " + std::to_string(version) +
                             " needs a daemon that reads " + std::to_string(minReader) +
                             " or later, this one reads up to " + std::to_string(kVersion) +
                             ". Install the newer totemd again, or give another storage.url.");
}

}  // namespace

std::string openSchema(Sqlite& db) {
    db.exec("BEGIN IMMEDIATE");
    db.exec("CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID");
    if (const auto version = db.number("SELECT value FROM meta WHERE key = 'version'")) {
        checkReadable(db);
        upgrade(db, *version);
    } else {
        create(db);
    }
    std::string secret;
    {
        Query query(db, "SELECT value FROM meta WHERE key = 'secret'");
        if (query.next()) secret = query.text(0);
    }
    db.exec("COMMIT");
    return secret;
}

}  // namespace totemd
