#!/usr/bin/env bash
# package.sh: the Debian package of the release build, into build/release/package/.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
steps 3
prepare package
task "building leat" build "$LEAT_ROOT/scripts/compile.sh" release leat
task "making the package" package cpack --config "$LEAT_ROOT/build/release/CPackConfig.cmake"
ls "$LEAT_ROOT"/build/release/package/*.deb
