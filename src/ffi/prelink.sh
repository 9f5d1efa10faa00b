#!/bin/sh
# Makes of libredisrs.a, as cargo builds it, an archive that any program can link:
#
#     sh prelink.sh target/release/libredisrs.a
#
# A Rust static library shows hundreds of symbols of std, of the allocator and of other crates. Two such libraries in one
# program would collide, so all objects are linked into one here and everything but the C interface is made local.
# The objects' LLVM bitcode, which only rustc can use, is left out. The file is replaced by a new one, since cargo keeps a
# hard link to the old. It is idempotent.
set -eu

archive=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/redisrs-prelink.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Groups are dissolved: a linker keeps one group of a name and drops the others, but local symbols cannot stand in for
# those of a dropped one (DW.ref.rust_eh_personality, which every Rust library has).
${LD:-ld} -r --force-group-allocation --whole-archive "$archive" -o "$work/redisrs.o"
# First, because nm may hand bitcode to a plugin that is older than rustc's LLVM.
${OBJCOPY:-objcopy} -R .llvmbc -R .llvmcmd "$work/redisrs.o"
# Hidden symbols (rs_internal_*) are not in the list: they are the library's own business.
${NM:-nm} --defined-only --extern-only --format=posix "$work/redisrs.o" |
    awk '$1 ~ /^rs_/ && $1 !~ /^rs_internal_/ { print $1 }' >"$work/exported"
[ -s "$work/exported" ] || { echo "prelink.sh: $archive exports no rs_ symbol" >&2; exit 1; }
${OBJCOPY:-objcopy} --keep-global-symbols="$work/exported" "$work/redisrs.o"
${AR:-ar} rcs "$work/libredisrs.a" "$work/redisrs.o"
cp "$work/libredisrs.a" "$archive.new"
mv -f "$archive.new" "$archive"
