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

# What it exports. Hidden symbols (rs_internal_*) are its own business. The objects are taken without their bitcode,
# because nm may hand that to a plugin that is older than rustc's LLVM.
${LD:-ld} -r --whole-archive "$archive" -o "$work/all.o"
${OBJCOPY:-objcopy} -R .llvmbc -R .llvmcmd "$work/all.o"
${NM:-nm} --defined-only --extern-only --format=posix "$work/all.o" |
    awk '$1 ~ /^rs_/ && $1 !~ /^rs_internal_/ { print $1 }' >"$work/exported"
[ -s "$work/exported" ] || { echo "prelink.sh: $archive exports no rs_ symbol" >&2; exit 1; }

# One object of all that these need, the rest of std and of other crates left out. Groups are dissolved: a linker keeps one
# group of a name and drops the others, but local symbols cannot stand in for those of a dropped one
# (DW.ref.rust_eh_personality, which every Rust library has).
sed 's/^/-u /' "$work/exported" >"$work/roots"
# Words are meant to be split.
# shellcheck disable=SC2046
${LD:-ld} -r --force-group-allocation --gc-sections $(cat "$work/roots") "$archive" -o "$work/redisrs.o"
# What only the left-out code refers to is still mentioned; objcopy would make it something that is missing.
# (It takes no empty list.)
${READELF:-readelf} --wide --symbols "$work/redisrs.o" |
    awk '$5 == "LOCAL" && $7 == "UND" && $8 != "" { print $8 } END { print "rs_no_such_symbol" }' >"$work/unused"
${OBJCOPY:-objcopy} --strip-symbols="$work/unused" --keep-global-symbols="$work/exported" -R .llvmbc -R .llvmcmd \
    "$work/redisrs.o"
${AR:-ar} rcs "$work/libredisrs.a" "$work/redisrs.o"
cp "$work/libredisrs.a" "$archive.new"
# As old as what cargo has built, or a build with nothing to do would have all programs linked again.
touch -r "$archive" "$archive.new"
mv -f "$archive.new" "$archive"
