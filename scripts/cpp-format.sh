#!/usr/bin/env bash
# cpp-format.sh -i | --check: formats the C++ code in place, or fails where it is not formatted (.clang-format).
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case ${1:-} in
-i) options=(-i) ;;
--check) options=(--dry-run -Werror) ;;
*) die "-i or --check" ;;
esac
cd "$LEAT_ROOT"
find src fuzz bench -type f \( -name '*.cpp' -o -name '*.h' \) -print0 | xargs -0r clang-format-19 "${options[@]}"
