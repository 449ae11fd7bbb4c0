#!/usr/bin/env bash
# conformance.sh [OPTION...]: runs the real Debezium and Leat on the same databases and compares what they write, record
# by record (tests/conformance). The options are pytest's; --short is the form that `make test` runs.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
steps 2
prepare conformance
task "building leat" build "$LEAT_ROOT/scripts/compile.sh" release leat
cd "$LEAT_ROOT"
export LEAT_BIN=${LEAT_BIN:-$LEAT_ROOT/build/release/leat}
exec "$LEAT_VENV/bin/python" -m pytest tests/conformance -q "$@"
