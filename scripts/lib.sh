# shellcheck shell=bash
# What the scripts in this folder share. Source it; it is not run by itself.

set -euo pipefail

LEAT_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
: "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"
LEAT_CACHE=${LEAT_CACHE:-$HOME/.cache/leat}
LEAT_VENV=$LEAT_CACHE/venv
# By the versions in the file that says what it holds.
LEAT_DEBEZIUM=$LEAT_CACHE/debezium/$(sha256sum <"$LEAT_ROOT/scripts/debezium/pom.xml" | cut -c1-12)
export HOME LEAT_ROOT LEAT_CACHE LEAT_VENV LEAT_DEBEZIUM

is_root() { [ "$(id -u)" = 0 ]; }

say() { printf '%s\n' "$*" >&2; }

die() {
    say "${0##*/}: $*"
    exit 1
}

# postgres_dir MAJOR: where a fetched PostgreSQL is unpacked (bin/, lib/, share/).
# PostgreSQL refuses to run as root, so for root the servers run as user postgres, and that user may not enter
# root's home, where the cache is. Hence root unpacks outside of it; everyone else runs servers as themselves.
postgres_dir() {
    if is_root; then
        echo "/var/lib/leat-test/postgres/$1"
    else
        echo "$LEAT_CACHE/postgres/$1"
    fi
}

# postgres_home MAJOR: the folder with initdb, pg_ctl and postgres of that major version. Debian's comes first.
postgres_home() {
    local dir
    for dir in "/usr/lib/postgresql/$1/bin" "$(postgres_dir "$1")/bin"; do
        if [ -x "$dir/postgres" ]; then
            echo "$dir"
            return
        fi
    done
    say "PostgreSQL $1 is not here; scripts/setup.sh demo installs 15, test also 16 and 18, versions all"
    return 1
}

# steps N: how many tasks follow, for their [1/N].
steps() {
    step_total=$1
    step_now=0
}

# task TEXT LOG COMMAND...: runs one step with its output in build/LOG.log, says meanwhile what it is doing and for how
# long, and shows the log's end if it fails. The command is one of its own (a script, not a function), so that its own
# `set -e` holds.
task() {
    local text="[$((++step_now))/$step_total] $1" log=$LEAT_ROOT/build/$2.log start=$SECONDS status=0 ticker
    shift 2
    mkdir -p "$LEAT_ROOT/build"
    : >"$log"
    progress "$text" "$log" "$$" &
    ticker=$!
    "$@" >"$log" 2>&1 </dev/null || status=$?
    kill "$ticker" 2>/dev/null || true
    wait "$ticker" 2>/dev/null || true
    [ ! -t 2 ] || printf '\r\033[K' >&2
    task_seconds=$((SECONDS - start))
    if [ "$status" = 0 ]; then
        say "$text: done in $task_seconds s"
    else
        say "$text: FAILED after $task_seconds s (status $status); the end of build/${log##*/}:"
        tail -n "${LEAT_TAIL:-40}" "$log" | sed 's/^/    /' >&2
    fi
    return "$status"
}

# progress TEXT LOG PID: on a terminal, one line that is rewritten each second with the log's last line; elsewhere a
# line now and one each half minute. Ends by itself if PID does. The read on an empty pipe is a sleep without a process.
progress() {
    local text=$1 log=$2 pid=$3 start=$SECONDS width line elapsed empty
    exec {empty}<> <(:)
    [ -t 2 ] || say "$text ..."
    while kill -0 "$pid" 2>/dev/null; do
        elapsed=$((SECONDS - start))
        line="$text ... $elapsed s  $(tail -n 1 "$log" | tr '\r\t' '  ')"
        if [ -t 2 ]; then
            width=$(stty size <&2 2>/dev/null | cut -d' ' -f2)
            [ "${width:-0}" -gt 20 ] || width=80
            printf '\r\033[K%s' "${line:0:width-1}" >&2
        elif [ "$elapsed" -gt 0 ] && [ $((elapsed % 30)) = 0 ]; then
            say "${line:0:150}"
        fi
        read -rt 1 -u "$empty" || true
    done
}

# prepare LEVEL: scripts/setup.sh as a task. sudo asks for its password before the progress line is there, not under it.
prepare() {
    if ! is_root && [ -n "$("$LEAT_ROOT/scripts/setup.sh" "$1" --missing)" ]; then
        sudo -v
    fi
    task "installing what is missing" setup "$LEAT_ROOT/scripts/setup.sh" "$1"
}
