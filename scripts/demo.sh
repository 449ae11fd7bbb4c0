#!/usr/bin/env bash
# demo.sh [OPTION...]: a throwaway PostgreSQL with a small shop that keeps selling, and `leat tail OPTION...` on it.
# Ctrl-C, or the end of `leat tail`, stops everything and removes it. Only the changes go to standard output.
#
#   DEMO_LIMIT=N   end after N records
#   LEAT_BIN=FILE  use this binary, and install and build nothing
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

build=yes
[ -z "${LEAT_BIN:-}" ] || build=no
leat=${LEAT_BIN:-$LEAT_ROOT/build/release/leat}
dir='' leat_pid='' shop_pid='' stopped=''

# PostgreSQL refuses to run as root.
server_user=()
if is_root; then
    server_user=(setpriv --reuid=postgres --regid=postgres --init-groups)
fi
as_server() { (cd "$dir" && exec "${server_user[@]}" env HOME="$dir" "$@"); }

cleanup() {
    local status=$?
    trap '' INT TERM HUP
    trap - EXIT
    [ -z "$leat_pid" ] || kill -KILL "$leat_pid" 2>/dev/null || true
    [ -z "$shop_pid" ] || kill -TERM -- "-$shop_pid" 2>/dev/null || true
    if [ -n "$dir" ]; then
        [ ! -e "$dir/data/postmaster.pid" ] || as_server "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null || true
        rm -rf "$dir"
    fi
    [ -z "$stopped" ] || say "Stopped; nothing is left behind."
    exit "$status"
}
trap cleanup EXIT
trap 'stopped=yes; exit 130' INT
trap 'stopped=yes; exit 143' TERM
trap 'stopped=yes; exit 129' HUP

start_server() {
    local _
    mkdir "$dir/data"
    if is_root; then chown -R postgres:postgres "$dir"; fi
    as_server "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$dir/initdb.log"
    cat >>"$dir/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$dir'
wal_level = logical
fsync = off
shared_buffers = 32MB
log_line_prefix = '%m %a '
CONF
    # Over the network there is only the shop's owner, who is no superuser. The socket is in a folder closed to others.
    cat >"$dir/data/pg_hba.conf" <<CONF
local  all  all  trust
host  shop  shop  127.0.0.1/32  trust
CONF
    for _ in {1..20}; do
        port=$((RANDOM % 20000 + 20000))
        if as_server "$bin/pg_ctl" -D "$dir/data" -o "-p $port" -l "$dir/server.log" -w start >/dev/null 2>&1; then
            return
        fi
        grep -q 'could not create any TCP/IP sockets' "$dir/server.log" || break
    done
    tail -n 20 "$dir/server.log" >&2
    die "PostgreSQL does not start"
}

open_shop() {
    local admin=("$bin/psql" -XqAt -v ON_ERROR_STOP=1 -h "$dir" -p "$port")
    "${admin[@]}" -U postgres -d postgres -c 'CREATE ROLE shop LOGIN REPLICATION' -c 'CREATE DATABASE shop OWNER shop'
    "${admin[@]}" -U shop -d shop -f "$LEAT_ROOT/examples/shop/schema.sql"
    # In a session of its own: Ctrl-C is for leat, which may still have something to take back on the server.
    PSQL="$bin/psql" setsid "$LEAT_ROOT/examples/shop/sell.sh" -h "$dir" -p "$port" -U shop -d shop \
        >/dev/null 2>"$dir/sell.log" </dev/null &
    shop_pid=$!
}

if [ "$build" = yes ]; then
    steps 2
    prepare demo
    task "building leat" build "$LEAT_ROOT/scripts/compile.sh" release leat
fi
bin=$(postgres_home 15)
dir=$(mktemp -d /tmp/leat-demo.XXXXXX)
say "Starting a throwaway PostgreSQL with a small shop in $dir"
start_server
open_shop

url=postgresql://shop@127.0.0.1:$port/shop
options=("$@")
[ -z "${DEMO_LIMIT:-}" ] || options+=(--limit "$DEMO_LIMIT")
say
say "The shop sells at $url; these are its changes (Ctrl-C ends and removes all of it):"
say "\$ leat tail $url${options[*]:+ ${options[*]}}"

# In the background, so that a signal to this script is seen at once; `env` because background commands start with
# SIGINT ignored. Ctrl-C reaches leat from the terminal, as it does this script; anything else is passed on as TERM.
env --default-signal=INT "$leat" tail "$url" "${options[@]}" &
leat_pid=$!
finish() { # finish TENTHS_UNTIL_TERM
    local tenths
    stopped=yes
    trap '' INT TERM HUP
    for ((tenths = 0; tenths < 100; tenths++)); do
        kill -0 "$leat_pid" 2>/dev/null || break
        [ "$tenths" != "$1" ] || kill -TERM "$leat_pid" 2>/dev/null || true
        sleep 0.1
    done
}
trap 'finish 30' INT
trap 'finish 0' TERM HUP
status=0
wait "$leat_pid" || status=$?
[ -z "$stopped" ] || status=0
leat_pid=''
[ "$status" = 0 ] || say "leat tail ended with status $status"
exit "$status"
