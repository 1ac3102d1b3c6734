#include "world/base/multipart.hpp"

#include "world/base/random.hpp"

#include <Poco/Net/MessageHeader.h>
#include <Poco/Net/MultipartReader.h>
#include <Poco/StreamCopier.h>

#include <sstream>

namespace totem_sandbox {
namespace {

void setField(nlohmann::json& fields, const std::string& name, const std::string& value) {
    const std::size_t bracket = name.find('[');
    if (bracket == std::string::npos || name.back() != ']') {
        fields[name] = value;
        return;
    }
    nlohmann::json& parent = fields[name.substr(0, bracket)];
    const std::string key = name.substr(bracket + 1, name.size() - bracket - 2);
    if (key.empty()) {
        if (!parent.is_array()) parent = nlohmann::json::array();
        parent.push_back(value);
    } else {
        if (!parent.is_object()) parent = nlohmann::json::object();
        parent[key] = value;
    }
}

}  // namespace

bool isMultipart(const Request& request) {
    return request.header("content-type").rfind("multipart/form-data", 0) == 0;
}

Form parseMultipart(const Request& request) {
    std::string mediaType;
    Poco::Net::NameValueCollection parameters;
    Poco::Net::MessageHeader::splitParameters(request.header("content-type"), mediaType,
                                              parameters);
    std::istringstream in(request.body);
    Poco::Net::MultipartReader reader(in, parameters.get("boundary"));
    Form form;
    while (reader.hasNextPart()) {
        Poco::Net::MessageHeader header;
        reader.nextPart(header);
        std::string data;
        Poco::StreamCopier::copyToString(reader.stream(), data);
        std::string disposition;
        Poco::Net::NameValueCollection names;
        Poco::Net::MessageHeader::splitParameters(header.get("Content-Disposition", ""),
                                                  disposition, names);
        const std::string name = names.get("name", "");
        if (names.has("filename"))
            form.files.push_back({name, names["filename"],
                                  header.get("Content-Type", "application/octet-stream"), data});
        else
            setField(form.fields, name, data);
    }
    return form;
}

std::string buildMultipart(const std::vector<std::pair<std::string, std::string>>& fields,
                           std::string& body) {
    const std::string boundary = "--------------------------" + lowerHex(24);
    for (const auto& [name, value] : fields)
        body += "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name +
                "\"\r\n\r\n" + value + "\r\n";
    body += "--" + boundary + "--\r\n";
    return "multipart/form-data; boundary=" + boundary;
}

}  // namespace totem_sandbox
