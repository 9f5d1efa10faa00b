#!/bin/sh
# Every fuzz target for some seconds each (default 60), with cargo-fuzz on nightly.
set -eu
cd "$(dirname "$0")/../fuzz"
command -v cargo-fuzz >/dev/null 2>&1 || cargo install --quiet cargo-fuzz
for target in fuzz_targets/*.rs; do
    cargo +nightly fuzz run "$(basename "$target" .rs)" -- -max_total_time="${1:-60}" -max_len=65536
done
