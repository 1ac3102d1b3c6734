#include "form.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/MessageHeader.h>
#include <Poco/Net/MultipartReader.h>
#include <Poco/StreamCopier.h>

#include <sstream>

namespace totem::images {
namespace {

constexpr std::size_t kMostParts = 20;
constexpr std::string_view kForm = "multipart/form-data";

}  // namespace

bool isForm(const Request& request) {
    return request.header("Content-Type").substr(0, kForm.size()) == kForm;
}

std::vector<FormPart> readForm(const Request& request) {
    std::string type;
    Poco::Net::NameValueCollection parameters;
    Poco::Net::MessageHeader::splitParameters(std::string(request.header("Content-Type")), type,
                                              parameters);
    if (!isForm(request) || !parameters.has("boundary"))
        throw Failure(Status::kInvalid, "Se espera un formulario multipart/form-data con archivos");
    std::istringstream content(request.content());
    std::vector<FormPart> parts;
    try {
        Poco::Net::MultipartReader reader(content, parameters.get("boundary"));
        while (reader.hasNextPart()) {
            if (parts.size() == kMostParts)
                throw Failure(Status::kInvalid, "El formulario tiene más de " +
                                                    std::to_string(kMostParts) + " partes");
            Poco::Net::MessageHeader header;
            reader.nextPart(header);
            std::string disposition;
            Poco::Net::NameValueCollection fields;
            Poco::Net::MessageHeader::splitParameters(header.get("Content-Disposition", ""),
                                                      disposition, fields);
            FormPart part{fields.get("name", ""), fields.get("filename", ""), {}};
            Poco::StreamCopier::copyToString(reader.stream(), part.bytes);
            parts.push_back(std::move(part));
        }
    } catch (const Poco::Exception&) {
        throw Failure(Status::kInvalid, "El formulario está incompleto");
    }
    return parts;
}

int uploadStatus(Status status) {
    switch (status) {
        case Status::kInvalid:
            return 400;
        case Status::kTooLarge:
            return 413;
        case Status::kBusy:
            return 503;
        default:
            return 422;
    }
}

}  // namespace totem::images
