#!/usr/bin/env bash
# debezium-home.sh: prints the folder with Kafka and Connect (lib/) and Debezium's PostgreSQL connector (plugins/), or
# fails. tests/harness/debezium.py runs them.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ -d "$LEAT_DEBEZIUM" ] || die "Kafka and Debezium are not here: scripts/setup.sh conformance"
echo "$LEAT_DEBEZIUM"
