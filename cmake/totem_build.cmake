# Helpers that only this tree uses. What a plugin author needs is in sdk/cmake.

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# Warnings and sanitizers for every target of this tree; nothing else is global.
add_library(totem_options INTERFACE)
target_compile_options(totem_options INTERFACE -Wall -Wextra -Wno-missing-field-initializers)

# totem_room(NAME SOURCES ... LINK ...): one room of the host as a static library `totem_NAME`.
# What a room may depend on is what it links: the arrows of the architecture are checked by the build.
function(totem_room name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
    add_library(totem_${name} STATIC ${ARG_SOURCES})
    target_include_directories(totem_${name} PUBLIC ${PROJECT_SOURCE_DIR}/host/src)
    target_link_libraries(totem_${name} PUBLIC ${ARG_LINK})
    target_link_libraries(totem_${name} PRIVATE totem_options)
endfunction()

# totem_test(NAME SOURCES ... LINK ... [LABELS ...]): one Catch2 program `test_NAME`, one ctest entry.
function(totem_test name)
    cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK;LABELS;ENVIRONMENT" ${ARGN})
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 120)
    endif()
    add_executable(test_${name} ${ARG_SOURCES})
    target_link_libraries(test_${name} PRIVATE totem_test_main totem_options ${ARG_LINK})
    target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    # The presets compile several files at once, which tests with their many small names cannot.
    set_target_properties(test_${name} PROPERTIES UNITY_BUILD OFF)
    add_test(NAME ${name} COMMAND test_${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}"
        ENVIRONMENT "${ARG_ENVIRONMENT}")
endfunction()
