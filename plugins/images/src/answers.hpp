#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <totem/http.hpp>

namespace totem::images {

/// {"detail": <sentence>}, in Spanish: clients show it. No path of the server, no reason of the
/// system.
Response refusal(int status, std::string_view sentence);

/// Whether the request carries one of the tokens (`Authorization: Bearer …`), compared in a time
/// that does not depend on where they differ.
bool bearsToken(const Request& request, const std::vector<std::string>& tokens);

/// "Tue, 24 Nov 2026 11:00:20 GMT"
std::string httpDate(std::int64_t unixNs);

}  // namespace totem::images
