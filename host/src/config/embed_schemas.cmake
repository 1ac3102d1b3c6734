# Writes OUTPUT: a header with every schema of FOLDER as text, so that the program needs no files.
file(GLOB schemas ${FOLDER}/*.json)
set(body "")
foreach(schema ${schemas})
    get_filename_component(name ${schema} NAME_WE)
    file(READ ${schema} text)
    string(APPEND body "    {\"${name}\", R\"schema(${text})schema\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Made from host/src/config/schema by embed_schemas.cmake.
#pragma once
#include <utility>

namespace totemd {
inline constexpr std::pair<const char*, const char*> kEmbeddedSchemas[] = {
${body}};
}  // namespace totemd
")
