#!/usr/bin/env bash
# test.sh [STAGE...]: everything that has to pass, or only these stages:
#
#   check    the tree itself (scripts/check-tree.sh) and its formatting
#   build    the release build with the unit tests
#   unit     the unit tests
#   asan     the unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
#   fuzz     each fuzz target for LEAT_FUZZ_SECONDS (10; 30 with CI=true)
#   system   tests/, with pytest: the real binary against real servers (PYTEST_ARGS are added), by LEAT_TEST_PROCESSES (3) processes
#            with servers of their own, since the tests mostly wait
#   long     the long forms of tests: 10 million rows, a value of 900 MB, 100 kills during delivery (make test-long; not part of the default)
#   conformance   the short form of make conformance: what Leat writes beside what the real Debezium writes
#
# A stage that fails does not keep the others from running. With CI=true a skipped test is a failed one.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$LEAT_ROOT"

unit_tests() { # unit_tests PRESET
    ctest --test-dir "build/$1" --output-on-failure --no-tests=error --timeout 300 -j "$(nproc)"
    [ "${CI:-}" != true ] || ! grep -F '[  SKIPPED ]' "build/$1/Testing/Temporary/LastTest.log" ||
        die "skipped, which CI=true does not allow"
}

stage_check() {
    local status=0
    scripts/check-tree.sh || status=1
    scripts/cpp-format.sh --check || status=1
    return "$status"
}

stage_build() { scripts/compile.sh release; }

stage_unit() { unit_tests release; }

stage_asan() {
    scripts/compile.sh asan
    UBSAN_OPTIONS=print_stacktrace=1 unit_tests asan
}

stage_fuzz() {
    local seconds=10
    [ "${CI:-}" != true ] || seconds=30
    scripts/compile.sh fuzz
    scripts/fuzz.sh "${LEAT_FUZZ_SECONDS:-$seconds}"
}

stage_system() {
    local report=build/pytest.xml
    export LEAT_BIN=$LEAT_ROOT/build/release/leat
    rm -f "$report"
    # shellcheck disable=SC2086 # PYTEST_ARGS is a list of words
    "$LEAT_VENV/bin/python" -m pytest tests --ignore=tests/conformance -q -n "${LEAT_TEST_PROCESSES:-3}" --dist worksteal \
        --junitxml="$report" ${PYTEST_ARGS:-}
    [ "${CI:-}" != true ] || ! grep -qE ' skipped="[1-9]' "$report" || die "skipped, which CI=true does not allow"
}

# Each subject once, on the newest version: they take minutes, 20 GB of disk and 6 GB of memory.
stage_long() {
    export LEAT_BIN=$LEAT_ROOT/build/release/leat LEAT_LARGE_ROWS=10000000 LEAT_LARGE_VALUE=900000000 LEAT_KILLS=100 LEAT_MAJORS=18
    # shellcheck disable=SC2086 # PYTEST_ARGS is a list of words
    "$LEAT_VENV/bin/python" -m pytest tests --ignore=tests/conformance -q -s --durations=0 ${PYTEST_ARGS:-} \
        -k "test_memory_of_a_streamed_transaction or test_memory_of_a_very_large_value or test_huge_transactions or test_kill_during_delivery"
}

stage_conformance() {
    export LEAT_BIN=$LEAT_ROOT/build/release/leat
    "$LEAT_VENV/bin/python" -m pytest tests/conformance -q --short
}

if [ "${1:-}" = --stage ]; then # one stage as a command of its own, for task
    "stage_$2"
    exit
fi

declare -A texts=(
    [check]="checking the tree" [build]="building leat and its unit tests" [unit]="unit tests"
    [asan]="unit tests with sanitizers" [fuzz]="fuzzing" [system]="tests against real servers"
    [conformance]="comparison with Debezium" [long]="what is large, against real servers")
stages=("$@")
[ "${#stages[@]}" -gt 0 ] || stages=(check build unit asan fuzz system conformance)
for stage in "${stages[@]}"; do
    [ -n "${texts[$stage]:-}" ] || die "unknown stage '$stage'; one of: ${!texts[*]}"
done
# These test what build makes.
needs_build() { case $1 in unit | system | long | conformance) return 0 ;; *) return 1 ;; esac }
levels="test"
for stage in "${stages[@]}"; do
    [ "$stage" != conformance ] || levels=test,conformance
done
case " ${stages[*]} " in
*" build "*) ;;
*" unit "* | *" system "* | *" long "* | *" conformance "*) stages=(build "${stages[@]}") ;;
esac

steps $((${#stages[@]} + 1))
prepare "$levels"
summary='' failed=0 build=ok failed_logs=()
for stage in "${stages[@]}"; do
    result=ok task_seconds=0
    if [ "$build" != ok ] && needs_build "$stage"; then
        result='NOT RUN: there is no build'
    elif ! LEAT_TAIL=100 task "${texts[$stage]}" "test-$stage" scripts/test.sh --stage "$stage"; then
        result="FAILED, see build/test-$stage.log"
        failed_logs+=("build/test-$stage.log")
    fi
    if [ "$result" != ok ]; then
        failed=1
        [ "$stage" != build ] || build=failed
    fi
    summary+=$(printf '%-11s %5d s  %s' "$stage" "$task_seconds" "$result")$'\n'
done
say
for log in "${failed_logs[@]}"; do # what failed, in few lines: a CI may keep only the end of all this
    grep -hE '^(FAILED|ERROR) |\*\*\*(Failed|Timeout|Exception)|: error: |^SUMMARY: ' "$log" | cut -c1-400 | head -40 >&2 || true
done
printf '%s' "$summary" >&2
say "all of it took $SECONDS s"
exit "$failed"
