#!/bin/sh
# redisrs.hpp does what it says, with every compiler there is, in C++17, C++20 and C++23, with and without exceptions, and with
# both kinds of file in one program: wrapper.sh ROOT LIBRARIES OUT
set -eu
root=$1 libraries=$2 out=$3/wrapper
mkdir -p "$out"
warnings="-Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wundef"
# The shared library: linking the archive eight times takes longer than everything else.
soname=$(readelf -d "$libraries/libredisrs.so" | sed -n 's/.*soname: \[\(.*\)\]/\1/p')
cp "$libraries/libredisrs.so" "$out/$soname"
ln -sf "$soname" "$out/libredisrs.so"

run() { # run NAME COMMAND...: compiles to $out/NAME and runs it
    name=$1
    shift
    "$@" -g $warnings -I"$root/include" -o "$out/$name" -L"$out" -lredisrs -lpthread
    LD_LIBRARY_PATH=$out timeout 120 "$out/$name" >"$out/$name.txt" || { echo "wrapper: $* failed" >&2; exit 1; }
}

built=0
for cxx in g++ clang++; do
    command -v $cxx >/dev/null || continue
    for options in "-std=c++17" "-std=c++20" "-std=c++2b" "-std=c++17 -fno-exceptions -fno-rtti" "-std=c++2b -fno-exceptions"; do
        # Options are several words.
        # shellcheck disable=SC2086
        run test $cxx $options "$root/tests/c/wrapper.cpp"
        built=$((built + 1))
    done
done
[ $built -gt 0 ] || { echo "no C++ compiler found" >&2; exit 1; }
echo "wrapper: $(cat "$out/test.txt") in $built combinations of compiler, dialect and policy"

# A function of the quiet kind and one of the throwing kind: each fails in its own way.
cat >"$out/quiet.cpp" <<'CPP'
#define REDISRS_NO_EXCEPTIONS
#include <redisrs.hpp>
bool quiet();
bool quiet() { return redisrs::Config().set("nosuch", "1").status() == RS_ERR_CONFIG; }
CPP
cat >"$out/both.cpp" <<'CPP'
#include <redisrs.hpp>
bool quiet();
int main()
{
    try {
        redisrs::Config().set("nosuch", "1");
    } catch (const redisrs::Error &) {
        return quiet() ? 0 : 1;
    }
    return 2;
}
CPP
run both "${CXX:-c++}" -std=c++17 "$out/both.cpp" "$out/quiet.cpp"
echo "wrapper: both policies in one program"
