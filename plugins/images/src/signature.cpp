#include "signature.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

namespace totem::images {
namespace {

std::string hexOf(const std::array<unsigned char, EVP_MAX_MD_SIZE>& digest) {
    static const char* digits = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < 16; ++i) {
        out += digits[digest[i] >> 4];
        out += digits[digest[i] & 15];
    }
    return out;
}

std::string base64Url(const unsigned char* bytes, std::size_t size) {
    static const char* letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    for (std::size_t i = 0; i < size; i += 3) {
        const unsigned group = (bytes[i] << 16) | ((i + 1 < size ? bytes[i + 1] : 0) << 8) |
                               (i + 2 < size ? bytes[i + 2] : 0);
        const std::size_t count = std::min<std::size_t>(size - i, 3) + 1;
        for (std::size_t k = 0; k < count; ++k) out += letters[(group >> (18 - 6 * k)) & 63];
    }
    return out;
}

}  // namespace

std::string sign(std::string_view key, std::string_view path, std::string_view asked) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    std::string text(path);
    text += '\n';
    text += asked;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
    return base64Url(digest.data(), size);
}

bool isSigned(const std::vector<std::string>& keys, std::string_view path, std::string_view asked,
              std::string_view signature) {
    bool right = false;
    for (const std::string& key : keys) {
        const std::string wanted = sign(key, path, asked);
        right |= wanted.size() == signature.size() &&
                 CRYPTO_memcmp(wanted.data(), signature.data(), wanted.size()) == 0;
    }
    return right;
}

std::string contentHash(int fd) {
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                     EVP_MD_CTX_free);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    std::vector<char> buffer(128 * 1024);
    unsigned size = 0;
    EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
    for (off_t offset = 0;;) {
        const ssize_t n = pread(fd, buffer.data(), buffer.size(), offset);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return {};
        if (n == 0) break;
        EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(n));
        offset += n;
    }
    EVP_DigestFinal_ex(context.get(), digest.data(), &size);
    return hexOf(digest);
}

std::string contentHash(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
    return hexOf(digest);
}

}  // namespace totem::images
