#pragma once

#include "world/base/http_types.hpp"

#include <string>
#include <vector>

namespace totem_sandbox {

struct FormFile {
    std::string field;
    std::string fileName;
    std::string contentType;
    std::string data;
};

/// The fields of a form, as JSON: text values; `name[]` repeated becomes an array of `name`;
/// `name[key]` becomes an object member.
struct Form {
    nlohmann::json fields = nlohmann::json::object();
    std::vector<FormFile> files;
};

bool isMultipart(const Request& request);

/// Throws Poco::Exception on a malformed form.
Form parseMultipart(const Request& request);

/// Builds a multipart body; returns the content type.
std::string buildMultipart(const std::vector<std::pair<std::string, std::string>>& fields,
                           std::string& body);

}  // namespace totem_sandbox
