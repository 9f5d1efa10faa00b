#!/bin/sh
# Compile-checks the library and the programs for other targets, as far as they are installed (docs/building.md): a target
# needs `rustup target add` and a C compiler.
set -eu
cd "$(dirname "$0")/.."
installed=$(rustup target list --installed 2>/dev/null || true)
checked=0
for row in "aarch64-unknown-linux-gnu aarch64-linux-gnu-gcc" "x86_64-unknown-linux-musl musl-gcc" \
    "aarch64-unknown-linux-musl aarch64-linux-musl-gcc"; do
    target=${row% *} compiler=${row#* }
    case "
$installed
" in
    *"
$target
"*) ;;
    *)
        echo "cross: $target: skipped, not installed (rustup target add $target)"
        continue
        ;;
    esac
    command -v "$compiler" >/dev/null || { echo "cross: $target: skipped, there is no $compiler"; continue; }
    variable=CC_$(echo "$target" | tr '-' '_')
    env "$variable=$compiler" cargo check --quiet --target "$target" --lib --bins
    echo "cross: $target: compiles"
    checked=$((checked + 1))
done
echo "cross: $checked targets checked"
