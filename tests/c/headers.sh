#!/bin/sh
# The headers compile by themselves, included twice and from two files, in every dialect: headers.sh INCLUDE OUT
set -eu
include=$1 out=$2/headers
mkdir -p "$out"
printf '#include <redisrs.h>\n#include <redisrs.h>\nconst char *version_of_a(void);\nconst char *version_of_a(void) { return RS_VERSION; }\n' >"$out/a.c"
printf '#include <redisrs.h>\nrs_status status_of_b(rs_reply *reply);\nrs_status status_of_b(rs_reply *reply) { return reply->type; }\n' >"$out/b.c"
printf '#include <redisrs.hpp>\n#include <redisrs.hpp>\nint main(int argc, char **) { if (argc > 99) { redisrs::Engine engine; redisrs::Session session(engine); } return 0; }\n' >"$out/c.cpp"
# Those of the book, by themselves and all together, each name twice; and its sources, which only include them.
for name in common hashtable avl zset heap list thread_pool; do
    printf '#include "%s.h"\n#include "%s.h"\nint main() { return 0; }\n' $name $name >"$out/byor_$name.cpp"
    printf '#include "%s.h"\n' $name >>"$out/byor_all.tmp"
done
for name in hashtable avl zset heap thread_pool; do printf '#include "%s.cpp"\n' $name >>"$out/byor_all.tmp"; done
printf '#include <algorithm>\nusing namespace std;\nint main() { uint32_t a = 1; return max(a, a) == 1 ? 0 : 1; }\n' >>"$out/byor_all.tmp"
mv "$out/byor_all.tmp" "$out/byor_all.cpp"
warnings="-Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion -Wcast-qual -Wundef -Wredundant-decls -Wwrite-strings"
checked=0
for cc in gcc clang; do
    command -v $cc >/dev/null || continue
    for std in c99 c11 c17 c2x; do
        for file in a b; do
            $cc -std=$std $warnings -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wc++-compat -I"$include" -c "$out/$file.c" -o "$out/$file.o"
        done
        checked=$((checked + 1))
    done
done
for cxx in g++ clang++; do
    command -v $cxx >/dev/null || continue
    for std in c++11 c++14 c++17 c++20 c++2b; do
        for file in a b; do
            $cxx -x c++ -std=$std $warnings -I"$include" -c "$out/$file.c" -o "$out/$file.o"
        done
        checked=$((checked + 1))
    done
    for options in "-std=c++17" "-std=c++20" "-std=c++2b" "-std=c++17 -fno-exceptions -fno-rtti" "-std=c++17 -DREDISRS_NO_EXCEPTIONS"; do
        $cxx $options $warnings -Weffc++ -Wold-style-cast -I"$include" -c "$out/c.cpp" -o "$out/c.o"
        checked=$((checked + 1))
    done
done
for cxx in g++ clang++; do
    command -v $cxx >/dev/null || continue
    for std in c++11 c++17 gnu++17 c++20; do
        for file in "$out"/byor_*.cpp; do
            $cxx -std=$std $warnings -I"$include/byor" -c "$file" -o "$out/byor.o"
        done
        checked=$((checked + 1))
    done
done
# Names that other libraries have taken as macros (X11, Qt, windows.h, sys/sysmacros.h, old Unix): the headers do without them.
{
    for name in min max small far near interface ERROR NO_ERROR STRICT IN OUT BOOL TRUE FALSE DELETE unix linux major minor log debug \
        None Bool Status Success Always Never I complex signals slots emit foreach forever Q_EMIT likely unlikely; do
        printf '#define %s a macro of somebody else\n' $name
    done
} >"$out/taken.h"
{ cat "$out/taken.h"; echo '#include <redisrs.h>'; } >"$out/taken.c"
{
    for name in chrono climits cstddef cstdint exception functional initializer_list iterator map memory optional stdexcept string \
        string_view type_traits utility vector; do echo "#include <$name>"; done
    cat "$out/taken.h"
    echo '#include <redisrs.hpp>'
} >"$out/taken.cpp"
${CC:-cc} -std=c11 $warnings -I"$include" -c "$out/taken.c" -o "$out/taken.o"
${CXX:-c++} -std=c++17 $warnings -I"$include" -c "$out/taken.cpp" -o "$out/taken.o"
# redisrs(3) names every function of the header, and no other.
page=$(dirname "$0")/../../docs/man/redisrs.3
${CC:-cc} -E -P "$include/redisrs.h" | tr '\n' ' ' | tr ';' '\n' | sed -n 's/.*[ *]\(rs_[a-z0-9_]*\)(.*/\1/p' |
    grep -v '_fn$' | sort -u >"$out/functions"
[ -s "$out/functions" ] || { echo "no functions found in redisrs.h" >&2; exit 1; }
grep -o '^\.Fn rs_[a-z0-9_]*' "$page" | sed 's/^\.Fn //' | sort -u >"$out/page"
diff "$out/functions" "$out/page" >&2 || { echo "redisrs.3 (right) and redisrs.h (left) name different functions" >&2; exit 1; }
[ $checked -gt 0 ] || { echo "no compiler found" >&2; exit 1; }
echo "headers: $checked combinations of compiler and dialect"
