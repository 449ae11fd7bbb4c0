#!/usr/bin/env bash
# fuzz.sh SECONDS [NAME...]: runs the fuzz targets (build/fuzz/fuzz_NAME, all by default) that long each, as many at a
# time as there are processors. Each starts from what is kept in fuzz/corpus/NAME; what it finds on top stays in
# build/fuzz/corpus/NAME, and an input that fails in build/fuzz/failures/.
#
# fuzz.sh --merge NAME: takes those new inputs that reach new code into the kept corpus.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$LEAT_ROOT"
PATH=/usr/lib/llvm-19/bin:$PATH # llvm-symbolizer
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1} UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

run_one() { # run_one SECONDS NAME
    local kept=fuzz/corpus/$2 found=build/fuzz/corpus/$2 log=build/fuzz/$2.log
    mkdir -p "$found" build/fuzz/failures
    if ! build/fuzz/"fuzz_$2" -max_total_time="$1" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/failures/$2-" "$found" "$kept" >"$log" 2>&1; then
        tail -n 30 "$log"
        echo "$2: FAILED; run it again: build/fuzz/fuzz_$2 $(ls -t build/fuzz/failures/"$2"-* 2>/dev/null | head -n 1)"
        return 1
    fi
    echo "$2: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs from $(find "$kept" -type f | wc -l) kept inputs"
}

case ${1:-} in
--one)
    run_one "$2" "$3"
    exit
    ;;
--merge)
    name=${2:?usage: fuzz.sh --merge NAME}
    mkdir -p "fuzz/corpus/$name"
    exec build/fuzz/"fuzz_$name" -merge=1 "fuzz/corpus/$name" "build/fuzz/corpus/$name"
    ;;
esac

seconds=${1:?usage: fuzz.sh SECONDS [NAME...]}
shift
names=("$@")
if [ "${#names[@]}" = 0 ]; then
    for file in build/fuzz/fuzz_*; do
        [ ! -f "$file" ] || [ ! -x "$file" ] || names+=("${file##*/fuzz_}")
    done
fi
[ "${#names[@]}" -gt 0 ] || die "no fuzz targets in build/fuzz; scripts/compile.sh fuzz builds them"
for name in "${names[@]}"; do
    [ -x "build/fuzz/fuzz_$name" ] || die "no build/fuzz/fuzz_$name"
    [ -n "$(find "fuzz/corpus/$name" -type f 2>/dev/null | head -n 1)" ] || die "fuzz/corpus/$name has no input"
done
printf '%s\n' "${names[@]}" | xargs -P "$(nproc)" -I{} scripts/fuzz.sh --one "$seconds" {}
