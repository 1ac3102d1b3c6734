# totem_add_plugin(ID SOURCES a.cpp … [LINK library …] [WORKERS program …] [MANIFEST plugin.json]
#                  [SCHEMA schema.json] [NO_INSTALL])
#
# Builds the shared object of a plugin so that it exports one symbol, carries its manifest, refuses
# to link with unresolved symbols and stays mapped once loaded. The result is laid out as the daemon
# looks for it, <plugin folder>/ID/{plugin.json,schema.json,ID.so}: in the build tree under
# ${CMAKE_BINARY_DIR}/plugins, and by `cmake --install` under lib/totemd/plugins. WORKERS are
# executable targets that the manifest names as workers; they are put beside the library. NO_INSTALL
# leaves the plugin out of `cmake --install`, for those of tests.
function(totem_add_plugin id)
    cmake_parse_arguments(ARG "NO_INSTALL" "MANIFEST;SCHEMA" "SOURCES;LINK;WORKERS" ${ARGN})
    if(NOT ARG_MANIFEST)
        set(ARG_MANIFEST plugin.json)
    endif()
    if(NOT ARG_SCHEMA)
        set(ARG_SCHEMA schema.json)
    endif()
    get_filename_component(manifest ${ARG_MANIFEST} ABSOLUTE)
    get_filename_component(schema ${ARG_SCHEMA} ABSOLUTE)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${manifest})

    file(READ ${manifest} json)
    string(JSON TOTEM_PLUGIN_ID GET "${json}" id)
    string(JSON TOTEM_PLUGIN_VERSION GET "${json}" version)
    if(NOT TOTEM_PLUGIN_ID STREQUAL id)
        message(FATAL_ERROR "${manifest}: \"id\" is \"${TOTEM_PLUGIN_ID}\", totem_add_plugin says \"${id}\"")
    endif()
    file(READ ${manifest} hex HEX)
    string(REGEX REPLACE "(..)" "'\\\\x\\1'," TOTEM_PLUGIN_MANIFEST_BYTES "${hex}")
    configure_file(${TOTEM_SDK_CMAKE_DIR}/plugin_manifest.cpp.in ${CMAKE_CURRENT_BINARY_DIR}/${id}_manifest.cpp @ONLY)

    set(folder ${CMAKE_BINARY_DIR}/plugins/${id})
    add_library(${id}_plugin MODULE ${ARG_SOURCES} ${CMAKE_CURRENT_BINARY_DIR}/${id}_manifest.cpp)
    target_link_libraries(${id}_plugin PRIVATE totem::sdk ${ARG_LINK})
    set_target_properties(${id}_plugin PROPERTIES
        PREFIX "" OUTPUT_NAME ${id} LIBRARY_OUTPUT_DIRECTORY ${folder}
        CXX_VISIBILITY_PRESET hidden C_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
    target_compile_options(${id}_plugin PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
    target_link_options(${id}_plugin PRIVATE
        "LINKER:--version-script=${TOTEM_SDK_CMAKE_DIR}/plugin.version" "LINKER:-z,nodelete")
    # Sanitizer runtimes leave symbols to the executable, so the check is for plain builds.
    if(NOT "${CMAKE_CXX_FLAGS}" MATCHES "-fsanitize")
        target_link_options(${id}_plugin PRIVATE "LINKER:-z,defs")
    endif()
    foreach(worker ${ARG_WORKERS})
        set_target_properties(${worker} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${folder})
        add_dependencies(${id}_plugin ${worker})
    endforeach()
    configure_file(${manifest} ${folder}/plugin.json COPYONLY)
    set(files ${manifest})
    if(EXISTS ${schema})
        configure_file(${schema} ${folder}/schema.json COPYONLY)
        list(APPEND files ${schema})
    endif()
    if(ARG_NO_INSTALL)
        return()
    endif()
    if(ARG_WORKERS)
        install(TARGETS ${ARG_WORKERS} RUNTIME DESTINATION lib/totemd/plugins/${id} COMPONENT plugins)
    endif()
    install(TARGETS ${id}_plugin LIBRARY DESTINATION lib/totemd/plugins/${id} COMPONENT plugins)
    install(FILES ${files} DESTINATION lib/totemd/plugins/${id} COMPONENT plugins)
endfunction()
