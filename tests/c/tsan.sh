#!/bin/sh
# The C tests that use threads, under ThreadSanitizer: tsan.sh HOST, as tests/sanitize.sh calls it, which sets the options.
set -eu
host=$1
command -v clang >/dev/null || { echo "c (tsan): skipped, no clang"; exit 0; }
target=$CARGO_TARGET_DIR/$host/debug
cargo +nightly rustc --lib --no-default-features --target "$host" --crate-type staticlib
# The run-time library has to be the one that belongs to the compiler of the library.
runtime=$(find "$(rustc +nightly --print sysroot)/lib/rustlib/$host" -name '*rt.tsan.a' | head -n 1)
out=$target/c-tsan
mkdir -p "$out"

check() { # check COMPILER SOURCE OPTION...
    compiler=$1 name=$(basename "$2") source=$2
    shift 2
    $compiler -g -O1 -fsanitize=thread "$@" -c "$source" -o "$out/$name.o"
    clang++ "$out/$name.o" -o "$out/$name.out" "$target/libredisrs.a" \
        -Wl,--whole-archive "$runtime" -Wl,--no-whole-archive -Wl,--export-dynamic -lpthread -ldl -lm -lrt
    # The addresses of some systems are more random than the sanitizer can stand.
    echo "c (tsan): $name: $(setarch -R timeout 300 "$out/$name.out")"
}
for name in parts parts_abused blocking; do
    check clang tests/c/$name.c -std=c99 -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -Iinclude
done
check clang c_examples/threads.c -std=c99 -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -Iinclude
check clang++ c_examples/byor/byor_thread_pool.cpp -std=c++17 -Iinclude/byor
