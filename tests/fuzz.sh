#!/bin/sh
# Every fuzz target for some seconds each (default 60), with cargo-fuzz on nightly, under AddressSanitizer.
#
#     tests/fuzz.sh [seconds [target ...]]
set -eu
cd "$(dirname "$0")/../fuzz"
seconds=${1:-60}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- $(cd fuzz_targets && ls | sed -n 's/\.rs$//p')
command -v cargo-fuzz >/dev/null 2>&1 || cargo install --quiet cargo-fuzz
cargo +nightly fuzz build
for target; do
    # Most targets draw their choices from the input, and do little with a short one.
    mkdir -p "corpus/$target"
    for kilobytes in 1 2 4 8; do
        head -c "${kilobytes}000" /dev/urandom >"corpus/$target/random-$kilobytes"
    done
    cargo +nightly fuzz run "$target" -- -max_total_time="$seconds" -max_len=65536 -len_control=0
done
