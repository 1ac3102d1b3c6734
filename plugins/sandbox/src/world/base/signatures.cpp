#include "world/base/signatures.hpp"

#include <Poco/Base64Encoder.h>
#include <Poco/DigestEngine.h>
#include <Poco/HMACEngine.h>
#include <Poco/SHA2Engine.h>

#include <sstream>

namespace totem_sandbox {
namespace {

/// Poco's HMACEngine wants an engine type with a default constructor and a block size.
class Sha256 : public Poco::SHA2Engine {
public:
    enum { BLOCK_SIZE = 64, DIGEST_SIZE = 32 };
    Sha256() : Poco::SHA2Engine(Poco::SHA2Engine::SHA_256) {}
};

Poco::DigestEngine::Digest mac(const std::string& key, const std::string& data) {
    Poco::HMACEngine<Sha256> engine(key);
    engine.update(data);
    return engine.digest();
}

std::string base64Url(const std::string& bytes) {
    std::ostringstream out;
    Poco::Base64Encoder encoder(out, Poco::BASE64_URL_ENCODING | Poco::BASE64_NO_PADDING);
    encoder.rdbuf()->setLineLength(0);
    encoder << bytes;
    encoder.close();
    return out.str();
}

}  // namespace

std::string hmacHex(const std::string& key, const std::string& data) {
    return Poco::DigestEngine::digestToHex(mac(key, data));
}

std::string signJwt(const std::string& key, const std::string& claims) {
    const std::string text = base64Url(R"({"alg":"HS256","typ":"JWT"})") + "." + base64Url(claims);
    const Poco::DigestEngine::Digest digest = mac(key, text);
    return text + "." + base64Url(std::string(digest.begin(), digest.end()));
}

}  // namespace totem_sandbox
