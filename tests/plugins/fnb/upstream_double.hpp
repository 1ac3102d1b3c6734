#pragma once

#include <Poco/Net/HTTPServer.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

/// The FNB portal and the Power BI report as contracts describe them, with faults to switch on. It
/// refuses (400) what a real one would not understand, so a wrong request fails the test.
class UpstreamDouble {
public:
    struct Fault {
        int status = 200;
        std::string body;
        std::map<std::string, std::string> headers;
    };
    struct Counts {
        int logins = 0, lookUps = 0, gaso = 0, wrong = 0;
        std::map<std::string, int> usesOfToken;
        std::vector<std::string> gasoMeasures;
        std::vector<std::chrono::steady_clock::time_point> lookUpTimes;
    };

    UpstreamDouble();
    ~UpstreamDouble();
    int port() const;
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }

    // Who is known. Not after the first request, but for `set`.
    std::map<std::string, nlohmann::json> clients;  ///< DNI → the portal's data
    std::map<std::string, std::map<std::string, std::string>>
        gasoClients;  ///< DNI → measure → text
    std::string username = "ally", password = "canary-Passw0rd";
    long long tokenLifeS = 3600;

    /// Changes anything above or below while requests come.
    void set(const std::function<void(UpstreamDouble&)>& change);
    std::unique_ptr<Fault> lookUpFault, loginFault, gasoFault;

    /// All tokens so far get 401 from now on.
    void revokeTokens();
    /// Requests of that kind are held until release(). "login", "lookup" or "gaso".
    void hold(const std::string& kind);
    void release();
    Counts counts() const;
    /// Waits until `done`. False when it does not become true in time.
    bool waitFor(const std::function<bool(const Counts&)>& done) const;

    /// For the server.
    Fault answer(const std::string& method, const std::string& target, const std::string& body,
                 const std::map<std::string, std::string>& headers);

private:
    void stopHere(std::unique_lock<std::mutex>& lock, const std::string& kind);
    Fault wrong(const std::string& why);
    Fault logIn(std::unique_lock<std::mutex>& lock, const std::string& body,
                const std::map<std::string, std::string>& headers);
    Fault lookUp(std::unique_lock<std::mutex>& lock, const std::string& target,
                 const std::map<std::string, std::string>& headers);
    Fault gaso(std::unique_lock<std::mutex>& lock, const std::string& target,
               const std::string& body, const std::map<std::string, std::string>& headers);

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    Counts counts_;
    std::set<std::string> tokens_;
    std::string held_;
    std::unique_ptr<Poco::Net::HTTPServer> server_;
};
