#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "render_job.hpp"

namespace totem::images {

/// Starts libvips: one thread for each picture, nothing remembered between two, and of its loaders
/// only those that are needed here. `pdf`: reads PDF and nothing else.
void startVips(const char* program, bool pdf);

/// Makes a rendition of a small picture, so that what libraries open and compile at first use is
/// there before the process locks itself up.
void warmUp(bool pdf);

/// Does the job on the source's bytes; `outputs` receives what the reply speaks of, in its order.
/// Never throws for what a file can hold: that is a reply with a reason.
RenderReply render(const RenderJob& job, std::string_view source,
                   std::vector<std::string>& outputs);

}  // namespace totem::images
