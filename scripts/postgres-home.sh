#!/usr/bin/env bash
# postgres-home.sh MAJOR: prints the folder with initdb, pg_ctl and postgres of that version, or fails.
# Where it is not Debian's, its libraries are in ../lib (LD_LIBRARY_PATH), and it has no psql: use Debian's.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
postgres_home "${1:?usage: postgres-home.sh MAJOR}"
