#!/bin/sh
# Everything `make test` does. Installs the Debian packages it needs when it can; without them the parts that need
# them are skipped with a sentence, or fail when CI is set.
set -eu
cd "$(dirname "$0")/.."

need() { # need PROGRAM-OR-FILE PACKAGE
    command -v "$1" >/dev/null 2>&1 || [ -e "$1" ] || missing="$missing $2"
}
look() { # Debian packages that are missing
    missing=""
    need redis-server redis-server
    need redis-cli redis-tools
    need valgrind valgrind
    need /usr/include/hiredis/hiredis.h libhiredis-dev
    need cmake cmake
    need meson meson
    need mandoc mandoc
    need /usr/include/microhttpd.h libmicrohttpd-dev
    need /usr/include/event2/event.h libevent-dev
    need doxygen doxygen
}
look
if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "installing$missing"
        apt-get update -qq || true
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null || true
    fi
    look
    if [ -n "$missing" ]; then
        echo "these Debian packages are missing and could not be installed:$missing" >&2
        [ -z "${CI:-}" ] || exit 1
    fi
fi

passed=0
step() { # step TITLE COMMAND...
    title=$1
    shift
    printf '\n== %s\n' "$title"
    "$@"
    passed=$((passed + 1))
}

step "Rust tests" cargo test --all-targets
step "lock-free parts under loom" make loom
step "C header is what the source generates" make check-header
step "C examples: warnings are errors; plain, AddressSanitizer, valgrind" make c_examples
step "other targets compile" make cross
step "release build, installed: make, CMake, Meson, man pages, size" make consumers
! command -v doxygen >/dev/null || step "reference of the C interface, without a warning" make docs
# Its crates are those of the fuzzer, which not every machine has.
host=$(rustc -vV | sed -n 's/^host: //p')
if cargo fetch --quiet --offline --target "$host" --manifest-path fuzz/Cargo.toml 2>/dev/null; then
    step "fuzz targets compile" cargo check --quiet --offline --manifest-path fuzz/Cargo.toml
else
    echo "the crates of the fuzz targets are not here: not checked that they compile"
fi
step "stock clients" sh tests/clients/run.sh
printf '\nsteps: %s passed, 0 failed\n' "$passed"
