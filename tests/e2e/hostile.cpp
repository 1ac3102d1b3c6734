#include "e2e/hostile.hpp"

namespace hostile {
namespace {

using nlohmann::json;
using namespace std::string_literals;

std::string repeated(const std::string& text, std::size_t times) {
    std::string all;
    all.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i) all += text;
    return all;
}

/// Pointers to all values within, the whole not among them.
void collect(const json& value, const json::json_pointer& at, std::vector<json::json_pointer>& all) {
    if (!at.empty()) all.push_back(at);
    if (value.is_object()) {
        for (const auto& [name, member] : value.items()) collect(member, at / name, all);
    } else if (value.is_array()) {
        for (std::size_t i = 0; i < value.size(); ++i) collect(value[i], at / i, all);
    }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> bodies() {
    const std::string kJson = "application/json";
    std::vector<std::pair<std::string, std::string>> all;
    const auto add = [&all](const std::string& type, std::string body) {
        all.emplace_back(type, std::move(body));
    };
    for (const char* body :
         {"", " ", "{", "{\"event\":", "{\"event\":\"message_created\"", "null", "true", "5", "-0",
          "\"text\"", "[]", "[null]", "{}", "[{}]", "{\"event\":null}", "{\"dni\":{}}",
          "{\"dni\":1e999}", "{\"dni\":\"\\ud800\"}", "{\"a\":1,\"a\":2}", "{a:1}", "{\"a\":NaN}",
          "{\"input\":[],\"text\":5,\"level\":{}}", "<xml/>", "dni=08408122", "{}{}"}) {
        add(kJson, body);
    }
    add(kJson, "{\"event\":\"\xff\xfe\xc0\x80\"}");
    add(kJson, "\xef\xbb\xbf{}");
    add(kJson, "{\"dni\":\"0840\0""8122\"}"s);
    add(kJson, std::string(1000, '\0'));
    add(kJson, repeated("[", 100000));
    add(kJson, repeated("[", 5000) + repeated("]", 5000));
    add(kJson, repeated("{\"a\":", 20000) + "1" + repeated("}", 20000));
    add(kJson, "{\"event\":\"" + std::string(300000, 'x') + "\"}");
    add(kJson, "{\"n\":" + std::string(5000, '9') + "}");
    add("application/json; charset=utf-16", "\xff\xfe{\0}\0"s);
    add("text/plain", "\xff\xfe rubbish");
    add("application/x-www-form-urlencoded", "a=%zz&%=%&&==&a[b]=%ff");
    add("multipart/form-data", "no boundary");
    add("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"");
    add("multipart/form-data; boundary=" + std::string(2000, 'b'), "--b--");
    add("application/octet-stream", std::string(70000, '\xfe'));
    return all;
}

std::vector<json> wrongTypes(const json& good) {
    std::vector<json::json_pointer> places;
    collect(good, json::json_pointer(), places);
    const std::vector<json> values{nullptr,
                                   true,
                                   -1,
                                   18446744073709551615ULL,
                                   1.5e308,
                                   "",
                                   "x",
                                   json::array(),
                                   json::object(),
                                   json::array({json::array({1})}),
                                   json{{"id", json::array()}}};
    std::vector<json> all;
    for (const json::json_pointer& place : places) {
        for (const json& value : values) {
            if (good.at(place).type() == value.type() && !value.is_structured()) continue;
            json bad = good;
            bad[place] = value;
            all.push_back(std::move(bad));
        }
        if (good.at(place.parent_pointer()).is_object()) {
            json bad = good;
            bad[place.parent_pointer()].erase(place.back());
            all.push_back(std::move(bad));
        }
    }
    return all;
}

std::vector<std::pair<std::string, std::string>> requests(const std::string& method,
                                                          const std::string& path) {
    const std::string line = method + " " + path + " HTTP/1.1\r\n";
    const std::string host = line + "Host: a\r\n";
    const std::string second = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    return {
        {"length and chunked",
         host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second},
        {"two lengths", host + "Content-Length: 0\r\nContent-Length: 35\r\n\r\n" + second},
        {"a list of lengths", host + "Content-Length: 0, 35\r\n\r\n" + second},
        {"a signed length", host + "Content-Length: +0\r\n\r\n" + second},
        {"a negative length", host + "Content-Length: -1\r\n\r\n" + second},
        {"a length that overflows",
         host + "Content-Length: 18446744073709551616\r\n\r\n" + second},
        {"a length in hexadecimal", host + "Content-Length: 0x0\r\n\r\n" + second},
        {"an odd coding", host + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + second},
        {"chunked twice",
         host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second},
        {"a space before the colon", host + "Content-Length : 35\r\n\r\n" + second},
        {"a folded header", host + "X: a\r\n Content-Length: 35\r\n\r\n" + second},
        {"a bare line feed", host + "X: a\nContent-Length: 35\r\n\r\n" + second},
        {"a bare carriage return", host + "X: a\rContent-Length: 35\r\n\r\n" + second},
        {"a NUL in a header", host + "X: a\0b\r\n\r\n"s + second},
        {"no host", line + "\r\n" + second},
        {"two hosts", host + "Host: b\r\n\r\n" + second},
        {"another host in the target",
         method + " http://b" + path + " HTTP/1.1\r\nHost: a\r\n\r\n" + second},
        {"a chunk size that overflows",
         host + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n" + second},
        {"a chunk size with a sign",
         host + "Transfer-Encoding: chunked\r\n\r\n+5\r\nabcde\r\n0\r\n\r\n" + second},
        {"a chunk without its end",
         host + "Transfer-Encoding: chunked\r\n\r\n2\r\nabXX0\r\n\r\n" + second},
        {"HTTP/1.1 twice", method + " " + path + " HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n" + second},
        {"HTTP/2 by prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
        {"another version", method + " " + path + " HTTP/3.0\r\nHost: a\r\n\r\n" + second},
        {"a TLS greeting", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s + std::string(200, 'x')},
        {"a header of 100 kB", host + "X: " + std::string(100000, 'x') + "\r\n\r\n"},
        {"a thousand headers",
         host + repeated("X-Many: " + std::string(20, 'y') + "\r\n", 1000) + "\r\n"},
        {"a target of 100 kB", method + " /" + std::string(100000, 'x') + " HTTP/1.1\r\n\r\n"},
        {"a control character in the target",
         method + " " + path + "\x01 HTTP/1.1\r\nHost: a\r\n\r\n" + second},
    };
}

}  // namespace hostile
