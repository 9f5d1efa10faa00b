#!/bin/sh
# Everything under a sanitizer: sanitize.sh address|thread (nightly). First the Rust tests that it suits, then every C and C++ example
# and test, compiled by clang with the same sanitizer and linked with an instrumented library.
set -eu
cd "$(dirname "$0")/.."
kind=$1
host=$(rustc -vV | sed -n 's/^host: //p')
# Absolute: make is called in another folder.
CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}/sanitize-$kind")
export CARGO_TARGET_DIR
# Optimised a little: many times faster, and the checks are the same.
export CARGO_PROFILE_DEV_OPT_LEVEL=1
case $kind in
thread)
    runtime=tsan
    # std itself is not instrumented: tests/tsan.supp lists what that leads to.
    export RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer"
    # Tests of fork have a child that does nothing but exec or close, as the documentation says.
    export TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp halt_on_error=1 second_deadlock_stack=1 history_size=7 die_after_fork=0"
    cargo +nightly test --no-default-features --target "$host" --test stress
    ;;
address)
    runtime=asan
    export RUSTFLAGS="-Zsanitizer=address"
    # Some tests ask for more memory than there is, to see it refused.
    export ASAN_OPTIONS="allocator_may_return_null=1"
    # The unit tests leak what has to live for ever.
    ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" cargo +nightly test --no-default-features --target "$host" --lib
    cargo +nightly test --no-default-features --target "$host" --test stress
    ;;
*)
    echo "usage: tests/sanitize.sh address|thread" >&2
    exit 2
    ;;
esac
if ! command -v clang++ >/dev/null; then
    echo "c ($kind): skipped, no clang (Debian package clang)" >&2
    [ -z "${CI:-}" ] || exit 1
    exit 0
fi
# The feature hooks: the tests of panics and of refused memory need it, and the others do not notice.
cargo +nightly rustc --lib --no-default-features --features hooks --target "$host" --crate-type staticlib
runtime=$(find "$(rustc +nightly --print sysroot)/lib/rustlib/$host" -name "*rt.$runtime.a" | head -n 1)
exec make --no-print-directory -j2 -C c_examples sanitized KIND="$kind" HOST="$host" RUNTIME="$runtime"
