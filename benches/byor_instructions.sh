#!/bin/sh
# Instructions per operation of each case of the benchmark `byor` on both sides: byor_instructions.sh PROGRAM
set -eu
program=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/redisrs-byor.XXXXXX")
trap 'rm -rf "$work"' EXIT
ops=10000 # the size of the cases when one side runs alone

count() { # count SIDE CASE
    valgrind --tool=callgrind --callgrind-out-file="$work/out" --toggle-collect='Bench<*>::measure*' \
        "$program" --rounds 1 --side "$1" --case "$2" >/dev/null 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
    sed -n 's/^summary: *//p' "$work/out"
}

printf '%-24s %10s %10s %7s\n' "instructions" ours plain ratio
"$program" --list | while read -r name; do
    ours=$(count ours "$name") plain=$(count plain "$name")
    awk -v n="$name" -v a="$ours" -v b="$plain" -v o=$ops 'BEGIN { printf "%-24s %10.1f %10.1f %7.2f\n", n, a / o, b / o, a / b }'
done
