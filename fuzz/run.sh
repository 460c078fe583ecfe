#!/bin/sh
# Runs fuzz targets: run.sh SECONDS [TARGET]…. Prints a line a target: runs, coverage, findings.
set -u
cd "$(dirname "$0")/.." || exit 1
seconds=$1
shift
targets=${*:-model_file plugin_state settings audio journal metadata recipe}
failed=0
for target in $targets; do
    seeds=fuzz/seeds/$target
    [ "$target" = audio ] && seeds=decoding/tests/fixtures
    mkdir -p "fuzz/corpus/$target"
    log=fuzz/$target.log
    cargo +nightly fuzz run --fuzz-dir fuzz "$target" "fuzz/corpus/$target" "$seeds" -- \
        -max_total_time="$seconds" -max_len=131072 -timeout=20 -rss_limit_mb=3000 -print_final_stats=1 >"$log" 2>&1
    code=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    coverage=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    echo "$target: ${runs:-0} runs in $seconds s, $coverage edges, exit code $code"
    [ $code -eq 0 ] || failed=1
done
exit $failed
