#pragma once

#include "world/base/http_types.hpp"
#include "world/base/settings.hpp"
#include "world/portal/people.hpp"

#include <mutex>
#include <string>
#include <unordered_map>

namespace totem_sandbox {

class Journeys;
class StopSignal;

/// The FNB portal: login, a session that expires, the look-up of a credit line.
class FnbPortal : public Service {
public:
    FnbPortal(const FnbSettings& settings, Journeys& journeys, StopSignal& stop);

    Reply handle(const Request& request) override;

    /// Every session that exists ends now.
    void expireSessions();
    void reset();
    People& people() { return people_; }

private:
    struct Session {
        std::int64_t endsMs = 0;
        int lookups = 0;
    };
    Reply logIn(const Request& request);
    Reply lookUp(const Request& request);
    bool useSession(const std::string& authorization);

    const FnbSettings settings_;
    Journeys& journeys_;
    StopSignal& stop_;
    People people_;
    std::mutex mutex_;
    std::unordered_map<std::string, Session> sessions_;
};

}  // namespace totem_sandbox
