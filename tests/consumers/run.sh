#!/bin/sh
# Installs what is built and uses it as strangers do: with make, with CMake, as a part of a CMake project, with Meson;
# then uninstalls it. Also tells how large a program gets.
#
#     run.sh ROOT LIBRARIES OUT
#
# LIBRARIES holds the programs and both libraries, the archive prelinked. What is not installed (cmake, meson) is skipped
# with a sentence, or fails when CI is set.
set -eu
root=$1 libraries=$2 out=$3/consumers
prefix=$out/prefix
rm -rf "$out"
mkdir -p "$out"

make_root() { # the Makefile of the project; variables of a make that runs this script are not passed on
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make --no-print-directory -C "$root" PREFIX="$prefix" RELEASE="$libraries" "$@"
}
missing() {
    echo "consumers: $1 is not installed (Debian package $2): not tested" >&2
    [ -z "${CI:-}" ] || exit 1
}
check() { # check TITLE DIRECTORY PROGRAM...: each must print 42
    title=$1 bin=$2
    shift 2
    for program in "$@"; do
        answer=$(LD_LIBRARY_PATH="$prefix/lib:$libraries" "$bin/$program") || { echo "consumers: $title: $program failed" >&2; exit 1; }
        [ "$answer" = 42 ] || { echo "consumers: $title: $program says $answer" >&2; exit 1; }
    done
    echo "consumers: $title: $*"
}
quietly() { # quietly LOG COMMAND...
    log=$out/$1.log
    shift
    "$@" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
}

quietly install make_root install-built
(cd "$prefix" && find . ! -type d | sort) >"$out/installed"
PKG_CONFIG_PATH=$prefix/lib/pkgconfig
export PKG_CONFIG_PATH

# One version, wherever it is told.
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
soname=$(readelf -d "$prefix/lib/libredisrs.so" | sed -n 's/.*soname: \[\(.*\)\]/\1/p')
[ "$(pkg-config --modversion redisrs)" = "$version" ] && grep -q "^#define RS_VERSION \"$version\"" "$prefix/include/redisrs.h" &&
    [ "$(readlink "$prefix/lib/$soname")" = "libredisrs.so.$version" ] && "$prefix/bin/redisrs-server" --version | grep -qwF "$version" &&
    "$prefix/bin/redisrs-cli" --version | grep -qwF "$version" && grep -q "^## \[\(Unreleased\|$version\)\]" "$root/CHANGELOG.md" ||
    { echo "consumers: the version is not $version everywhere" >&2; exit 1; }

cp -r "$root/tests/consumers" "$out/projects"
# In a tree of their own, except for the project that reaches back to the sources.
quietly make env -u MAKEFLAGS -u MFLAGS make -C "$out/projects/make"
check make "$out/projects/make" c_shared c_static cpp_static

if command -v cmake >/dev/null; then
    for kind in OFF ON; do
        quietly cmake-$kind cmake -S "$out/projects/cmake" -B "$out/cmake-$kind" -DCMAKE_PREFIX_PATH="$prefix" -DBUILD_SHARED_LIBS=$kind
        quietly cmake-$kind-build cmake --build "$out/cmake-$kind"
        check "CMake, installed, BUILD_SHARED_LIBS $kind" "$out/cmake-$kind" c_static c_shared cpp_static
    done
    quietly cmake-subdirectory cmake -S "$root/tests/consumers/cmake-subdirectory" -B "$out/cmake-subdirectory" \
        -DREDISRS_LIBRARY_DIR="$libraries"
    quietly cmake-subdirectory-build cmake --build "$out/cmake-subdirectory"
    ln -sf "$libraries/libredisrs.so" "$out/cmake-subdirectory/$(readelf -d "$libraries/libredisrs.so" | sed -n 's/.*soname: \[\(.*\)\]/\1/p')"
    LD_LIBRARY_PATH=$out/cmake-subdirectory check "CMake, add_subdirectory" "$out/cmake-subdirectory" c_static c_shared cpp_static
    # What find_package may be asked for: this interface, ranges that this version is in, the two libraries.
    mkdir -p "$out/asks"
    asks() { # asks 0|1 WHAT: whether it is refused
        printf 'cmake_minimum_required(VERSION 3.19)\nproject(asks LANGUAGES C)\nfind_package(redisrs %s)\n' "$2" >"$out/asks/CMakeLists.txt"
        refused=0
        cmake -S "$out/asks" -B "$out/asks/build" -DCMAKE_PREFIX_PATH="$prefix" >"$out/asks.log" 2>&1 || refused=1
        [ $refused = "$1" ] || { echo "consumers: find_package(redisrs $2) goes wrong:" >&2; cat "$out/asks.log" >&2; exit 1; }
    }
    for what in "" 0.1 "$version EXACT" 0.1...0.9 "0.0.5...<1" "COMPONENTS static shared" "OPTIONAL_COMPONENTS other"; do asks 0 "$what REQUIRED"; done
    for what in 9.1 0.0 "$version.1" "0...<0.1" 9...10 "COMPONENTS other"; do asks 1 "$what REQUIRED"; done
else
    missing cmake cmake
fi

if command -v meson >/dev/null && command -v ninja >/dev/null; then
    cp "$root/tests/consumers/program.c" "$root/tests/consumers/program.cpp" "$out/projects/meson/"
    quietly meson meson setup "$out/meson" "$out/projects/meson"
    quietly meson-build meson compile -C "$out/meson"
    check Meson "$out/meson" c_shared c_static cpp_static
    cp "$root/tests/consumers/program.c" "$root/tests/consumers/program.cpp" "$out/projects/meson-subproject/"
    mkdir -p "$out/projects/meson-subproject/subprojects"
    ln -sfn "$root" "$out/projects/meson-subproject/subprojects/redisrs"
    PKG_CONFIG_PATH='' quietly meson-subproject meson setup "$out/meson-subproject" "$out/projects/meson-subproject" \
        --force-fallback-for=redisrs "-Dredisrs:library_dir=$libraries"
    quietly meson-subproject-build meson compile -C "$out/meson-subproject"
    check "Meson, subproject" "$out/meson-subproject" c_static cpp_static
else
    missing meson meson
fi

if command -v mandoc >/dev/null; then
    # Everything that can be wrong in the text; names of other systems' manuals are no concern.
    for page in "$prefix"/share/man/man?/*; do
        mandoc -T lint -W warning "$page" >"$out/mandoc" || { cat "$out/mandoc" >&2; exit 1; }
    done
    echo "consumers: man pages: $(cd "$prefix/share/man" && echo man?/*)"
else
    missing mandoc mandoc
fi

# The pages name what there is: every option that --help tells (for redisrs.3: tests/c/headers.sh).
"$prefix/bin/redisrs-cli" --help | sed -n 's/^  \(-[^<]*\).*/\1/p' | sed 's/   *.*//' | grep -o -e '--*[A-Za-z0-9][a-z0-9-]*' | sort -u | while read -r option; do
    grep -q -e "Fl ${option#-}\\( \\|$\\)" "$root/docs/man/redisrs-cli.1" || { echo "redisrs-cli.1 does not have $option" >&2; exit 1; }
done
"$prefix/bin/redisrs-server" --help | grep -o -e '[ ]--*[a-z][a-z-]*' | sort -u | while read -r option; do
    grep -q -e "Fl ${option#-}\\( \\|$\\)" -e " $option " "$root/docs/man/redisrs-server.1" || { echo "redisrs-server.1 does not have $option" >&2; exit 1; }
done

# A distributor's installation, which ends elsewhere than it says and is everybody's, whatever the mask was.
stage="$out/a stage"
mkdir -p "$stage/usr/bin"
chmod 2775 "$stage/usr/bin"
(umask 077 && quietly staged make_root install-built PREFIX=/usr LIBDIR=/usr/lib/x86_64-linux-gnu DESTDIR="$stage")
libdir=$(PKG_CONFIG_PATH=$stage/usr/lib/x86_64-linux-gnu/pkgconfig pkg-config --variable=libdir redisrs)
[ "$libdir" = /usr/lib/x86_64-linux-gnu ] || { echo "consumers: redisrs.pc has libdir $libdir" >&2; exit 1; }
closed=$(find "$stage/usr" ! -perm -o=r)
[ -z "$closed" ] || { echo "consumers: make install lets only its user read: $closed" >&2; exit 1; }
[ "$(stat -c %a "$stage/usr/bin")" = 2775 ] || { echo "consumers: make install changes directories of others" >&2; exit 1; }
# With the names of the GNU conventions. The library of another interface stays.
touch "$stage/usr/lib/x86_64-linux-gnu/libredisrs.so.9"
quietly unstaged env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make --no-print-directory -C "$root" uninstall \
    prefix=/usr libdir=/usr/lib/x86_64-linux-gnu DESTDIR="$stage"
rm "$stage/usr/lib/x86_64-linux-gnu/libredisrs.so.9" || { echo "consumers: make uninstall takes the library of others" >&2; exit 1; }

# A prefix with a space in its name, installed to twice, then moved.
quietly spaces make_root install-built PREFIX="$out/a prefix"
quietly again make_root install-built PREFIX="$out/a prefix"
mv "$out/a prefix" "$out/another place"
options=$(PKG_CONFIG_PATH="$out/another place/lib/pkgconfig" pkg-config --define-prefix --cflags --libs redisrs)
eval "${CC:-cc} \"\$root/tests/consumers/program.c\" -o \"\$out/moved\" $options"
[ "$(LD_LIBRARY_PATH="$out/another place/lib" "$out/moved")" = 42 ]
quietly moved make_root uninstall PREFIX="$out/another place"
if make_root install-built PREFIX=relative >/dev/null 2>&1; then
    echo "consumers: make install takes a relative prefix" >&2
    exit 1
fi

quietly uninstall make_root uninstall
left=$(find "$prefix" "$stage" "$out/another place" ! -type d)
[ -z "$left" ] || { echo "consumers: make uninstall leaves behind: $left" >&2; exit 1; }
echo "consumers: $(wc -l <"$out/installed") files installed and uninstalled"

# How large a program gets. The limit is a promise for release builds.
native=$(sed -n 's/^Libs.private: //p' "$root/include/redisrs.pc.in")
size() { # size TITLE NAME OPTION...
    title=$1 name=$2
    shift 2
    # A list of libraries.
    # shellcheck disable=SC2086
    ${CC:-cc} -O2 -s -I"$root/include" "$root/tests/consumers/program.c" -o "$out/$name" "$libraries/libredisrs.a" "$@" -Wl,--gc-sections
    bytes=$(stat -c %s "$out/$name")
    [ "$("$out/$name")" = 42 ] || { echo "consumers: $name does not run" >&2; exit 1; }
    echo "consumers: $title: $bytes bytes"
    case $libraries in
    */release) [ "$bytes" -le 4194304 ] || { echo "consumers: more than 4 MB" >&2; exit 1; } ;;
    esac
}
# shellcheck disable=SC2086
size "a stripped C program with the archive in it" stripped $native
# Without libc.so, as far as glibc allows: looking up host names needs it.
# shellcheck disable=SC2086
size "the same with everything in it (-static)" static -static $(echo "$native" | sed 's/-lgcc_s/-lgcc_eh/') 2>"$out/static.log" ||
    { cat "$out/static.log" >&2; exit 1; }
