#include "multipart.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/MessageHeader.h>
#include <Poco/Net/MultipartReader.h>
#include <Poco/Net/NameValueCollection.h>

#include <iterator>
#include <sstream>

#include <totem/base64.hpp>

namespace totem::flows {
namespace {

constexpr int kMaxParts = 1000;

}  // namespace

bool readMultipart(std::string_view contentType, const std::string& content, Json& fields,
                   Json& binary) {
    try {
        std::string type;
        Poco::Net::NameValueCollection parameters;
        Poco::Net::MessageHeader::splitParameters(std::string(contentType), type, parameters);
        std::istringstream stream(content);
        Poco::Net::MultipartReader reader(stream, parameters.get("boundary"));
        for (int parts = 0; reader.hasNextPart(); ++parts) {
            if (parts == kMaxParts) return false;
            Poco::Net::MessageHeader header;
            reader.nextPart(header);
            std::string disposition;
            Poco::Net::NameValueCollection names;
            Poco::Net::MessageHeader::splitParameters(header.get("Content-Disposition", ""),
                                                      disposition, names);
            const std::string bytes((std::istreambuf_iterator<char>(reader.stream())), {});
            const std::string name = names.get("name", "data");
            if (!names.has("filename"))
                fields[name] = bytes;
            else
                binary[name] = {
                    {"data", encodeBase64(bytes)},
                    {"fileName", names.get("filename")},
                    {"mimeType", header.get("Content-Type", "application/octet-stream")}};
        }
        return true;
    } catch (const Poco::Exception&) {
        return false;
    }
}

}  // namespace totem::flows
