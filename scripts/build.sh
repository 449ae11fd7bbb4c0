#!/usr/bin/env bash
# build.sh: installs what a build needs and builds build/release/leat.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
steps 2
prepare build
task "building leat" build "$LEAT_ROOT/scripts/compile.sh" release leat
say "build/release/leat"
