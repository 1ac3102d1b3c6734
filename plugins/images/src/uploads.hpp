#pragma once

#include <string>
#include <string_view>

#include "pictures.hpp"
#include "plugin_frame.hpp"

namespace totem::images {

/// Writing files of the root: PUT of one, POST of a form with several, DELETE. All need a token.
class Uploads {
public:
    Uploads(const PluginFrame& frame, Pictures& pictures);

    /// Puts a picture or PDF into its place, whole or not at all, once it has been looked at: right
    /// kind for its name, not too large, decodable to its end. Blocks until it is durable.
    /// Throws Failure with a sentence for the client: kTooLarge, kInvalid (the name), kRefused (the
    /// content), kBusy.
    void store(const std::string& path, std::string_view bytes) const;

private:
    Response put(const Request& request) const;
    Response post(const Request& request) const;
    Response remove(const Request& request) const;
    Response guarded(const Request& request,
                     Response (Uploads::*handler)(const Request&) const) const;
    void examine(std::string_view bytes) const;

    const Settings& settings_;
    const FileRoot& files_;
    Pictures& pictures_;
};

}  // namespace totem::images
