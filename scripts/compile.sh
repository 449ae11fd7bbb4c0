#!/usr/bin/env bash
# compile.sh PRESET [TARGET...]: configures build/PRESET where that is needed, and builds.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

preset=${1:?usage: compile.sh PRESET [TARGET...]}
shift
cd "$LEAT_ROOT"
dir=build/$preset

options=()
if [ "$preset" = release ]; then
    # `make build` and `make demo` need no GoogleTest. The option changes no flag of the libraries, so that nothing is
    # compiled twice when the tests are switched on later.
    tests=OFF
    [ ! -e /usr/include/gtest/gtest.h ] || tests=ON
    grep -qsx "LEAT_TESTS:BOOL=$tests" "$dir/CMakeCache.txt" || options+=("-DLEAT_TESTS=$tests")
fi
if [ "${#options[@]}" -gt 0 ] || [ ! -e "$dir/build.ninja" ] || [ CMakePresets.json -nt "$dir/build.ninja" ]; then
    cmake --preset "$preset" "${options[@]}"
fi
cmake --build "$dir" ${1:+--target "$@"}
