# Writes OUTPUT: a header with every file of the plugin template in FOLDER, by its path.
file(GLOB_RECURSE files RELATIVE ${FOLDER} ${FOLDER}/* ${FOLDER}/.ci/*)
list(REMOVE_DUPLICATES files)
list(SORT files)
set(body "")
foreach(name ${files})
    file(READ ${FOLDER}/${name} text)
    string(APPEND body "    {\"${name}\", R\"template(${text})template\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Made from sdk/template by embed_template.cmake.
#pragma once
#include <utility>

namespace totemd {
inline constexpr std::pair<const char*, const char*> kPluginTemplate[] = {
${body}};
}  // namespace totemd
")
