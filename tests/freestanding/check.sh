#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check.sh DEVICE_DIR BUILD_DIR COMPILER [FLAGS...]
# Compiles device/src and the example with -ffreestanding -nostdlib, checks that nothing but memcpy,
# memmove, memset, memcmp, strlen and the compiler's own arithmetic is missing, prints sizes.
set -eu
device=$1
build=$2
compiler=$3
shift 3
if ! command -v "$compiler" >/dev/null; then
    echo "skipped: $compiler is not installed"
    exit 77
fi
prefix=${compiler%gcc}
rm -rf "$build"
mkdir -p "$build"

flags="-std=c99 -Os -ffreestanding -nostdlib -fno-pic -fno-pie -ffunction-sections -fdata-sections -Wall -Wextra
    -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror -fstack-usage"
for source in "$device"/src/*/*.c; do
    part=$(basename "$(dirname "$source")")
    mkdir -p "$build/$part"
    # shellcheck disable=SC2086
    "$compiler" "$@" $flags -I "$device/include" -I "$device/src" -c "$source" \
        -o "$build/$part/$(basename "$source" .c).o"
done
# shellcheck disable=SC2086
"$compiler" "$@" $flags -I "$device/include" -c "$device/examples/main_loop.c" -o "$build/main_loop.o"

# One relocatable object of all of it, without what the example never reaches.
"$compiler" "$@" -nostdlib -r -Wl,--gc-sections -Wl,-e,main "$build"/main_loop.o "$build"/*/*.o \
    -o "$build/all.o"
missing=$("${prefix}nm" -u "$build/all.o" | awk '{print $2}' |
    grep -vE '^(board_|__aeabi_|mem(cpy|move|set|cmp)$|strlen$|__stack_chk|_GLOBAL_OFFSET_TABLE_)' || true)
if [ -n "$missing" ]; then
    echo "needs more than a freestanding C library:"
    echo "$missing"
    exit 1
fi
mutable=$("${prefix}nm" "$build"/*/*.o | awk '$2 ~ /^[bBdDcC]$/ {print $3}')
if [ -n "$mutable" ]; then
    echo "the library has mutable globals: $mutable"
    exit 1
fi

echo "sizes by $compiler $* -Os, bytes of code and constants:"
for part in "$build"/*/; do
    text=$("${prefix}size" "$part"*.o | awk 'NR > 1 {sum += $1} END {print sum}')
    printf '  %-10s %6d\n' "$(basename "$part")" "$text"
done
printf '  linked with device/examples/main_loop.c, unused functions left out: %d\n' \
    "$("${prefix}size" "$build/all.o" | awk 'NR == 2 {print $1}')"
printf '  sizeof(fr_node_t): %d\n' \
    "$((0x$("${prefix}nm" -S "$build/main_loop.o" | awk '$4 == "node" {print $2}')))"
echo "  largest stack frames:"
cat "$build"/*/*.su | awk '{n = split($1, a, ":"); print $2, a[n]}' | sort -rn | head -5 |
    sed 's/^/    /'
