#!/bin/sh
# Tests under a sanitizer (nightly): `thread` runs the concurrency stress and the C tests with threads, `address` the unit
# tests.
set -eu
cd "$(dirname "$0")/.."
kind=$1
host=$(rustc -vV | sed -n 's/^host: //p')
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/sanitize-$kind"
case $kind in
thread)
    # std itself is not instrumented: tests/tsan.supp lists what that leads to.
    export RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer"
    export TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp halt_on_error=1 second_deadlock_stack=1"
    cargo +nightly test --no-default-features --target "$host" --test stress
    exec sh tests/c/tsan.sh "$host"
    ;;
address)
    export RUSTFLAGS="-Zsanitizer=address"
    # One test asks for more memory than there is, to see it refused; some leak what has to live for ever.
    ASAN_OPTIONS="allocator_may_return_null=1:detect_leaks=0" \
        cargo +nightly test --no-default-features --target "$host" --lib
    exec cargo +nightly test --no-default-features --target "$host" --test stress
    ;;
*)
    echo "usage: tests/sanitize.sh thread|address" >&2
    exit 2
    ;;
esac
