#pragma once

#include <string>

namespace totemd {

class Sqlite;

/// Creates the tables, or brings an older file up to date, in one transaction. Throws
/// std::runtime_error for a file that only a newer daemon can read, or that is no database.
/// Returns the secret of this file that fingerprints are made with.
std::string openSchema(Sqlite& db);

/// Numbers of `state` in deliveries and requests.
enum DeliveryState { kOpen = 0, kDone = 1, kDead = 2 };
/// Numbers of `state` in effects. `kQueued` and `kIntent` are open: surely not sent yet, and
/// perhaps sent. `kUnknown` was told to the asker, `kEffectDead` waits for a person.
enum EffectState {
    kQueued = -1,
    kIntent = 0,
    kSettled = 1,
    kRefused = 2,
    kUnknown = 3,
    kEffectDead = 4
};

}  // namespace totemd
