#!/bin/sh
# What the README and the guides show is true: guide.sh ROOT LIBRARY OUT
#
# Every block of C and C++ in them is compiled, all warnings being errors. A program is run; the block of output that follows
# it is what it must print. What is no program says so in a comment before it, which readers do not see:
#
#     <!-- in: rs_session *session -->    statements of a function with these parameters
#     <!-- in: -->                        declarations
#
# A block whose other headers are not installed is skipped with a sentence, or fails when CI is set.
set -eu
root=$1 library=$2 out=$3/guide
rm -rf "$out"
mkdir -p "$out"
flags="-g -O1 -Wall -Wextra -Wpedantic -Werror -I$root/include -I$root/include/byor"
libs="-lpthread -ldl -lm"

programs=0 snippets=0
for page in README.md docs/c-guide.md; do
    name=$(basename "$page" .md)
    # NAME-N.c or .cpp, with NAME-N.kind (program, compile) and NAME-N.expected beside it.
    awk -v prefix="$out/$name-" '
        /^<!-- in:.*-->$/ { marked = 1; params = $0; sub(/^<!-- in: */, "", params); sub(/ *-->$/, "", params); next }
        /^```(c|cpp)$/ {
            file = prefix (++n) "." substr($0, 4)
            kind = marked ? "compile" : "program"
            print kind >(prefix n ".kind")
            if (marked && params != "") {
                print "#include <poll.h>\n#include <redisrs.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>" >file
                print "void snippet(" params ");\nvoid snippet(" params ")\n{" >file
            }
            print "#line " NR + 1 " \"" FILENAME "\"" >file
            in_code = 1
            next
        }
        /^```output$/ { in_output = 1; printf "" >(prefix n ".expected"); next }
        /^```/ && in_code { if (marked && params != "") print "}" >file; close(file); in_code = 0; marked = 0; next }
        /^```/ { in_output = 0; next }
        in_code { print >file }
        in_output { print >(prefix n ".expected") }
    ' "$root/$page"
done

for kind in "$out"/*.kind; do
    block=${kind%.kind}
    if [ -e "$block.c" ]; then
        compile="${CC:-cc} -std=c99 -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE" source=$block.c
    else
        compile="${CXX:-c++} -std=c++17" source=$block.cpp
    fi
    others=$(sed -n 's/^#include <\(event2\/.*\)>$/\1/p' "$source")
    if [ -n "$others" ] && ! echo "#include <$others>" | ${CC:-cc} -E -xc - >/dev/null 2>&1; then
        echo "guide: $(basename "$source"): skipped, there is no $others (Debian package libevent-dev)" >&2
        [ -z "${CI:-}" ] || exit 1
        continue
    fi
    # Options are several words.
    # shellcheck disable=SC2086
    if [ "$(cat "$kind")" = compile ]; then
        $compile $flags -c "$source" -o "$block.o"
        snippets=$((snippets + 1))
        continue
    fi
    # shellcheck disable=SC2086
    $compile $flags "$source" -o "$block" "$library" $libs
    timeout 60 "$block" >"$block.printed" || { echo "guide: $(basename "$source") fails" >&2; exit 1; }
    if [ -e "$block.expected" ] && ! diff "$block.expected" "$block.printed" >&2; then
        echo "guide: $(basename "$source") prints something else" >&2
        exit 1
    fi
    programs=$((programs + 1))
done
[ $programs -gt 0 ] && [ $snippets -gt 0 ] || { echo "guide: nothing found to compile" >&2; exit 1; }

# The command with which the README has its program compiled, on this library.
sed -n '/^cc .*hello\.c/,/[^\\]$/p' "$root/README.md" |
    sed -e "s|target/release/libredisrs\.a|$library|" -e "s|-o hello|-o $out/hello|" -e 's|&& \./hello||' >"$out/command"
grep -q "$library" "$out/command" || { echo "guide: the README does not say how to compile hello.c" >&2; exit 1; }
(cd "$root" && sh -e "$out/command") && "$out/hello" >/dev/null
echo "guide: $programs programs run, $snippets pieces compile, and the README's command works"
