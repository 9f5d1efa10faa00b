#!/bin/sh
# Makes the reference of the C interface as HTML: reference.sh OUT
#
# The header is written to be read as it is, so its comments are plain. Here they become what doxygen wants: the comment
# before an item, or behind one in the same line, is its documentation, and indented lines are code.
set -eu
cd "$(dirname "$0")/.."
out=$1
command -v doxygen >/dev/null || { echo "make docs needs doxygen (Debian package doxygen)" >&2; exit 1; }
rm -rf "$out"
mkdir -p "$out/source"
out=$(cd "$out" && pwd)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

for header in redisrs.h; do
    # Nothing in the text is a command or a mark of doxygen. Examples, which stand further in, are taken as they are.
    sed -e '/^       /!{' -e 's/[@%]/\\&/g' -e 's/\("[^" ]*\)\\%/\1%/g' -e '/^#/!s/__/\\_\\_/g' -e '}' "include/$header" | awk '
        # The first comment is the page about the whole file.
        NR == 1 { sub(/^\/\* /, "/** @file\n * "); in_file = 1 }
        in_file { sub(/^ \*     /, " *         "); print; if (/\*\//) in_file = 0; next }
        # Section banners are groups.
        /^\/\* ---- .* -+ \*\/$/ {
            title = $0; sub(/^\/\* ---- /, "", title); sub(/ -+ \*\/$/, "", title)
            if (groups++) print "/** @} */"
            id = title; gsub(/[^A-Za-z]/, "_", id)
            print "/** @defgroup " id " " title "\n * @{ */"
            next
        }
        /^#ifdef __cplusplus/ && groups && !closed { print "/** @} */"; closed = 1 }
        # A comment behind an item in the same line belongs to it.
        /[^ ].*\/\* .* \*\/$/ && !/^ *\/\*/ { sub(/\/\* /, "/**< "); print; next }
        # So does one before it.
        /^ *\/\* / { sub(/\/\* /, "/** "); print; in_comment = !/\*\//; next }
        # Examples stand four columns further in than text does.
        in_comment { if (/\*\//) in_comment = 0; print; next }
        { print }
    ' >"$out/source/$header"
done

# The pages, in one directory. What they link to and is not a page here, or is a place within one, becomes plain text.
for page in docs/c-guide.md docs/abi.md docs/building.md README.md; do
    sed -E -e '/^!\[/d' -e 's#\]\((docs|\.\.)/([a-z-]*\.md|README\.md)\)#](\2)#g' \
        -e 's#\[([^]]*)\]\((\#|benches|\.\./c_examples|\.\./tests)[^)]*\)#\1#g' "$page" >"$out/source/$(basename "$page")"
done

cat >"$out/Doxyfile" <<DOXYFILE
PROJECT_NAME           = redisrs
PROJECT_NUMBER         = $version
PROJECT_BRIEF          = "A Redis-compatible in-memory data store in a library"
OUTPUT_DIRECTORY       = $out
INPUT                  = $out/source
FILE_PATTERNS          = *.h *.md
STRIP_FROM_PATH        = $out/source
USE_MDFILE_AS_MAINPAGE = c-guide.md
OPTIMIZE_OUTPUT_FOR_C  = YES
TYPEDEF_HIDES_STRUCT   = YES
JAVADOC_AUTOBRIEF      = YES
EXTRACT_ALL            = YES
SORT_MEMBER_DOCS       = NO
GENERATE_LATEX         = NO
MACRO_EXPANSION        = YES
PREDEFINED             = SIZE_MAX=0
HAVE_DOT               = NO
QUIET                  = YES
WARN_IF_UNDOCUMENTED   = NO
WARN_AS_ERROR          = FAIL_ON_WARNINGS
DOXYFILE
# From there, since doxygen prefers files of the directory that it runs in.
(cd "$out/source" && doxygen ../Doxyfile)
echo "docs: $out/html/index.html"
