#!/usr/bin/env bash
# bench.sh [OPTION...]: measures the release build; the options are those of bench/run.py.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
steps 2
case " $* " in *" --debezium "*) prepare conformance ;; *) prepare bench ;; esac
task "building leat" build "$LEAT_ROOT/scripts/compile.sh" release leat
cd "$LEAT_ROOT"
export LEAT_BIN=${LEAT_BIN:-$LEAT_ROOT/build/release/leat}
exec "$LEAT_VENV/bin/python" bench/run.py "$@"
