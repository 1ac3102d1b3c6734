#pragma once

#include <string>
#include <vector>

#include <totem/http.hpp>
#include <totem/status.hpp>

namespace totem::images {

/// A part of a form: a file has a file name, a field has none.
struct FormPart {
    std::string name, fileName, bytes;
};

bool isForm(const Request& request);

/// The parts of a multipart form. Throws Failure (kInvalid) with a sentence for the client, also
/// when there are too many.
std::vector<FormPart> readForm(const Request& request);

/// What an upload that failed so is answered with.
int uploadStatus(Status status);

}  // namespace totem::images
