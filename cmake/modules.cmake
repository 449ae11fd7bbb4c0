# leat_module(NAME [DIR path below src] [DEPS modules...] [LIBS libraries...])
#
# Makes the static library leat_NAME from the sources of one folder, and leat_NAME_test from its *_test.cpp.
# Headers are included as "folder/file.h". Each module has an include root of its own that holds a link to
# just its folder, so that a file can include only from modules its target depends on.

set(LEAT_INCLUDE_ROOT ${CMAKE_BINARY_DIR}/include)

function(leat_module name)
    cmake_parse_arguments(arg "" "DIR" "DEPS;LIBS" ${ARGN})
    if(NOT arg_DIR)
        set(arg_DIR ${name})
    endif()
    set(dir ${CMAKE_SOURCE_DIR}/src/${arg_DIR})
    file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cpp)
    file(GLOB headers CONFIGURE_DEPENDS ${dir}/*.h ${dir}/*.def)
    set(tests ${sources})
    list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
    list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cpp$")

    # Link file by file, so that a folder's sub-folders, which are other modules, stay out of reach.
    set(root ${LEAT_INCLUDE_ROOT}/${name})
    file(REMOVE_RECURSE ${root})
    file(MAKE_DIRECTORY ${root}/${arg_DIR})
    foreach(header ${headers})
        get_filename_component(file ${header} NAME)
        file(CREATE_LINK ${header} ${root}/${arg_DIR}/${file} SYMBOLIC)
    endforeach()

    if(sources)
        add_library(leat_${name} STATIC ${sources})
        target_include_directories(leat_${name} PUBLIC ${root})
        foreach(dep ${arg_DEPS})
            target_link_libraries(leat_${name} PUBLIC leat_${dep})
        endforeach()
        target_link_libraries(leat_${name} PUBLIC ${arg_LIBS})
        leat_precompile(leat_${name})
    else()
        add_library(leat_${name} INTERFACE)
        target_include_directories(leat_${name} INTERFACE ${root})
        foreach(dep ${arg_DEPS})
            target_link_libraries(leat_${name} INTERFACE leat_${dep})
        endforeach()
        target_link_libraries(leat_${name} INTERFACE ${arg_LIBS})
    endif()

    if(tests AND LEAT_TESTS)
        add_executable(leat_${name}_test ${tests})
        target_link_libraries(leat_${name}_test PRIVATE leat_${name} GTest::gmock GTest::gtest_main)
        leat_precompile(leat_${name}_test)
        add_test(NAME ${name} COMMAND leat_${name}_test)
    endif()
endfunction()

# The standard headers that nearly every file uses, compiled once per build.
function(leat_precompile target)
    if(NOT TARGET leat_pch)
        file(WRITE ${CMAKE_BINARY_DIR}/pch.cpp "")
        add_library(leat_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cpp)
        target_precompile_headers(leat_pch PRIVATE <algorithm> <array> <atomic> <charconv> <chrono> <cstdint>
            <cstring> <expected> <functional> <map> <memory> <mutex> <optional> <span> <string> <string_view>
            <thread> <unordered_map> <utility> <variant> <vector> <fmt/core.h>)
        target_link_libraries(leat_pch PRIVATE fmt::fmt Threads::Threads)
    endif()
    if(NOT target STREQUAL "leat_pch")
        target_precompile_headers(${target} REUSE_FROM leat_pch)
    endif()
endfunction()
