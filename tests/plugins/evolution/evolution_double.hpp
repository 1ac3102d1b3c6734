#pragma once

#include <Poco/Net/HTTPServer.h>

#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

/// A server that answers like Evolution API 2.x, with one answer at a time to choose for sendText.
/// Threads: any.
class EvolutionDouble {
public:
    struct Asked {
        std::string method, path, key;
        nlohmann::json body;
    };
    struct Answer {
        int status = 201;
        std::string body;
        bool lost = false;  ///< the connection ends after the request, without an answer
    };

    EvolutionDouble();
    ~EvolutionDouble();
    int port() const;
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }

    /// For sendText from now on.
    void answer(Answer next);
    /// For connectionState from now on.
    void state(std::string name);
    /// The requests to sendText so far.
    std::vector<Asked> sends() const;
    /// The last request to findMessages.
    Asked lastFind() const;

    /// For the server.
    Answer serve(const Asked& asked);

private:
    mutable std::mutex mutex_;
    Answer next_;
    std::string state_ = "open";
    std::vector<Asked> sends_;
    Asked find_;
    std::unique_ptr<Poco::Net::HTTPServer> server_;
};
