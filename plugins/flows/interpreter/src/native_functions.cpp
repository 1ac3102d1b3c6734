#include "native_functions.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <string>
#include <vector>

#include "js_text.hpp"

namespace totem::flows {
namespace {

using Bytes = std::vector<unsigned char>;

JSValueRef raise(JSContextRef context, const std::string& message, JSValueRef* exception) {
    const JsText text(message);
    JSValueRef value = JSValueMakeString(context, text.get());
    *exception = JSObjectMakeError(context, 1, &value, nullptr);
    return JSValueMakeUndefined(context);
}

std::string textOf(JSContextRef context, JSValueRef value) {
    JSStringRef string = JSValueToStringCopy(context, value, nullptr);
    return string ? JsText(string).toUtf8() : std::string();
}

/// Text as UTF-8, or the bytes of a typed array.
std::string bytesOf(JSContextRef context, JSValueRef value) {
    if (JSValueIsObject(context, value) &&
        JSValueGetTypedArrayType(context, value, nullptr) == kJSTypedArrayTypeUint8Array) {
        auto* object = const_cast<JSObjectRef>(value);
        const auto* data =
            static_cast<const char*>(JSObjectGetTypedArrayBytesPtr(context, object, nullptr));
        const std::size_t offset = JSObjectGetTypedArrayByteOffset(context, object, nullptr);
        const std::size_t length = JSObjectGetTypedArrayByteLength(context, object, nullptr);
        return data ? std::string(data + offset, length) : std::string();
    }
    return textOf(context, value);
}

std::string toHex(const Bytes& bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    for (const unsigned char byte : bytes) {
        out.push_back(kDigits[byte >> 4]);
        out.push_back(kDigits[byte & 15]);
    }
    return out;
}

std::string toBase64(const Bytes& bytes) {
    std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes.data(),
                                       static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(length));
    return out;
}

JSValueRef encoded(JSContextRef context, const Bytes& bytes, const std::string& encoding) {
    const JsText text(encoding == "base64" ? toBase64(bytes) : toHex(bytes));
    return JSValueMakeString(context, text.get());
}

const EVP_MD* algorithmNamed(const std::string& name) {
    return EVP_get_digestbyname(name.c_str());
}

JSValueRef digest(JSContextRef context, JSObjectRef, JSObjectRef, std::size_t count,
                  const JSValueRef* arguments, JSValueRef* exception) {
    if (count < 3) return raise(context, "digest(algorithm, data, encoding)", exception);
    const std::string name = textOf(context, arguments[0]);
    const EVP_MD* algorithm = algorithmNamed(name);
    if (!algorithm) return raise(context, "Unknown hash algorithm " + name, exception);
    const std::string data = bytesOf(context, arguments[1]);
    Bytes out(EVP_MAX_MD_SIZE);
    unsigned length = 0;
    if (EVP_Digest(data.data(), data.size(), out.data(), &length, algorithm, nullptr) != 1) {
        return raise(context, "Hash algorithm " + name + " failed", exception);
    }
    out.resize(length);
    return encoded(context, out, textOf(context, arguments[2]));
}

JSValueRef hmac(JSContextRef context, JSObjectRef, JSObjectRef, std::size_t count,
                const JSValueRef* arguments, JSValueRef* exception) {
    if (count < 4) return raise(context, "hmac(algorithm, key, data, encoding)", exception);
    const std::string name = textOf(context, arguments[0]);
    const EVP_MD* algorithm = algorithmNamed(name);
    if (!algorithm) return raise(context, "Unknown hash algorithm " + name, exception);
    const std::string key = bytesOf(context, arguments[1]);
    const std::string data = bytesOf(context, arguments[2]);
    Bytes out(EVP_MAX_MD_SIZE);
    unsigned length = 0;
    if (!HMAC(algorithm, key.data(), static_cast<int>(key.size()),
              reinterpret_cast<const unsigned char*>(data.data()), data.size(), out.data(),
              &length)) {
        return raise(context, "HMAC with " + name + " failed", exception);
    }
    out.resize(length);
    return encoded(context, out, textOf(context, arguments[3]));
}

constexpr double kMostRandomBytes = 1 << 20;

JSValueRef randomBytes(JSContextRef context, JSObjectRef, JSObjectRef, std::size_t count,
                       const JSValueRef* arguments, JSValueRef* exception) {
    const double wanted = count > 0 ? JSValueToNumber(context, arguments[0], nullptr) : 0;
    if (!(wanted >= 0 && wanted <= kMostRandomBytes)) {
        return raise(context, "randomBytes() gives at most 1 MiB", exception);
    }
    const auto size = static_cast<std::size_t>(wanted);
    JSObjectRef array =
        JSObjectMakeTypedArray(context, kJSTypedArrayTypeUint8Array, size, exception);
    if (!array || size == 0) return array;
    auto* data =
        static_cast<unsigned char*>(JSObjectGetTypedArrayBytesPtr(context, array, nullptr));
    if (RAND_bytes(data, static_cast<int>(size)) != 1) {
        return raise(context, "No random bytes to be had", exception);
    }
    return array;
}

JSValueRef uuid(JSContextRef context, JSObjectRef, JSObjectRef, std::size_t, const JSValueRef*,
                JSValueRef* exception) {
    Bytes bytes(16);
    if (RAND_bytes(bytes.data(), 16) != 1) return raise(context, "No random bytes", exception);
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
    std::string text = toHex(bytes);
    for (const std::size_t at : {8, 13, 18, 23}) text.insert(at, "-");
    const JsText string(text);
    return JSValueMakeString(context, string.get());
}

}  // namespace

JSObjectRef makeNativeFunctions(const JsRealm& realm) {
    JSContextRef context = realm.context();
    JSObjectRef object = JSObjectMake(context, nullptr, nullptr);
    const auto add = [&](const char* name, JSObjectCallAsFunctionCallback function) {
        const JsText text(name);
        realm.setMember(object, name,
                        JSObjectMakeFunctionWithCallback(context, text.get(), function));
    };
    add("digest", digest);
    add("hmac", hmac);
    add("randomBytes", randomBytes);
    add("uuid", uuid);
    return object;
}

}  // namespace totem::flows
