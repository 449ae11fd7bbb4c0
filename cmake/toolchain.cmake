# Compiler flags, ccache and linker, for every target.

find_program(LEAT_CCACHE ccache)
if(LEAT_CCACHE)
    # Precompiled headers need the sloppiness to be cacheable; see ccache's manual, "Precompiled headers". With the
    # base directory, work trees of one repository share what they compiled.
    set(CMAKE_CXX_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
        CCACHE_COMPILERCHECK=content CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${LEAT_CCACHE})
endif()
find_program(LEAT_MOLD mold)
if(LEAT_MOLD)
    add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
                    -Wextra-semi -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # -fpch-preprocess lets ccache see through the precompiled header. The other two warn falsely in GCC 12
    # about its own std::string and std::variant once they are inlined.
    add_compile_options(-fpch-preprocess -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow
                        -Wno-array-bounds)
endif()
# CRC32C is one SSE4.2 instruction; every x86-64 server since 2009 has it.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    add_compile_options(-msse4.2)
endif()
if(LEAT_SANITIZE)
    add_compile_options(-fsanitize=${LEAT_SANITIZE} -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${LEAT_SANITIZE})
endif()
