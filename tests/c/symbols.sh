#!/bin/sh
# What the libraries show to a linker: symbols.sh ROOT LIBRARIES OUT
#
# Both export exactly the functions of the header; two Rust libraries can be linked into one program; the shared library
# can be opened, used, closed and opened again.
set -eu
root=$1 libraries=$2 out=$3/symbols
mkdir -p "$out"
cc=${CC:-cc}

# The functions that the header declares.
$cc -E -P -I"$root/include" "$root/include/redisrs.h" | tr '\n' ' ' | tr ';' '\n' |
    sed -n 's/.*[ *]\(rs_[a-z0-9_]*\)(.*/\1/p' | grep -v '_fn$' | sort -u >"$out/declared"

# The archive, prelinked as for a release.
cp "$libraries/libredisrs.a" "$out/libredisrs.a"
sh "$root/src/ffi/prelink.sh" "$out/libredisrs.a"
sh "$root/src/ffi/prelink.sh" "$out/libredisrs.a"
nm --defined-only --extern-only --format=posix "$out/libredisrs.a" 2>/dev/null | awk 'NF > 1 { print $1 }' | sort >"$out/static"
diff "$out/declared" "$out/static" || { echo "libredisrs.a does not export what redisrs.h declares" >&2; exit 1; }
nm -D --defined-only --format=posix "$libraries/libredisrs.so" | awk '{ print $1 }' | sort >"$out/shared"
diff "$out/declared" "$out/shared" || { echo "libredisrs.so does not export what redisrs.h declares" >&2; exit 1; }
echo "symbols: $(wc -l <"$out/declared") functions, and nothing else, in libredisrs.a and libredisrs.so"

# What only tests may do is not in there at all (src/hooks.rs).
for library in "$libraries/libredisrs.a" "$libraries/libredisrs.so"; do
    if nm "$library" 2>/dev/null | grep -q rs_internal_hook; then
        echo "$library has the hooks of the tests" >&2
        exit 1
    fi
done

# The soname.
readelf -d "$libraries/libredisrs.so" | grep -q 'soname: \[' || { echo "libredisrs.so has no soname" >&2; exit 1; }
soname=$(readelf -d "$libraries/libredisrs.so" | sed -n 's/.*soname: \[\(.*\)\]/\1/p')
# Below 1.0 the minor version is part of it, see docs/abi.md.
interface=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1 | awk -F. '{ print ($1 > 0 ? $1 : "0." $2) }')
[ "$soname" = "libredisrs.so.$interface" ] ||
    { echo "the soname is $soname, not libredisrs.so.$interface" >&2; exit 1; }

# What else a program has to be linked with: what rustc said when it made the archive, what redisrs.pc, the CMake package
# and the README say.
native=$(cat "$libraries/../native-static-libs")
grep -qx "Libs.private: $native" "$root/include/redisrs.pc.in" ||
    { echo "redisrs.pc.in does not list what rustc says: $native" >&2; exit 1; }
for file in README.md cmake/redisrs-config.cmake.in CMakeLists.txt; do
    grep -q -e "$native" "$root/$file" || { echo "$file does not list what rustc says: $native" >&2; exit 1; }
done
echo "symbols: native libraries $native"

# Two Rust libraries in one program, and unwinding in the prelinked one.
cat >"$out/other.rs" <<'RUST'
#[unsafe(no_mangle)]
pub extern "C" fn other_sum(n: i32) -> i32 {
    std::panic::catch_unwind(|| (0..n).map(|i| vec![i; 3].len() as i32).sum()).unwrap_or(-1)
}
RUST
(cd "$out" && ${RUSTC:-rustc} --edition 2024 --crate-type staticlib -C opt-level=1 \
    other.rs -o libother.a 2>rustc.log) || { cat "$out/rustc.log" >&2; exit 1; }
cat >"$out/two.c" <<'C'
#include <redisrs.h>
#include <stdio.h>
int other_sum(int n);
int main(void)
{
    rs_engine *engine;
    rs_session *session;
    if (rs_engine_open(NULL, &engine) != RS_OK || rs_session_open(engine, &session) != RS_OK)
        return 1;
    int64_t sum = 0;
    rs_incr_by(session, "sum", 3, other_sum(14), &sum);
    rs_reply *reply = rs_command(session, "GET sum");
    int ok = sum == 42 && reply != NULL && reply->len == 2;
    rs_reply_free(reply);
    rs_session_close(session);
    rs_engine_close(engine);
    return ok ? 0 : 1;
}
C
$cc -std=c99 -I"$root/include" "$out/two.c" "$out/libredisrs.a" "$out/libother.a" -o "$out/two" -lpthread -ldl -lm
"$out/two"
$cc -std=c99 -I"$root/include" "$out/two.c" "$out/libother.a" "$out/libredisrs.a" -o "$out/two" -lpthread -ldl -lm
"$out/two"
echo "symbols: two Rust libraries in one program, in either order"

# The shared library, linked and opened.
cp "$libraries/libredisrs.so" "$out/$soname"
ln -sf "$soname" "$out/libredisrs.so"
$cc -std=c99 -D_POSIX_C_SOURCE=200809L -I"$root/include" "$root/c_examples/hello.c" -o "$out/hello" -L"$out" -lredisrs
LD_LIBRARY_PATH=$out "$out/hello" >/dev/null
$cc -std=c99 -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -I"$root/include" "$root/tests/c/dlopen.c" -o "$out/dlopen" -ldl -lpthread
"$out/dlopen" "$out/$soname"
echo "symbols: the shared library links, opens and closes"
