#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The policy evaluator answers bit for bit alike on this machine and on an emulated Cortex-M4, over
# COUNT random policies and contexts; then its instructions, stack and code size there.
# Usage: evaluator.sh SOURCE_DIR BUILD_DIR [COUNT]. Exit status 77: QEMU or the compiler is missing.
set -eu
source=$1
build=$2
count=${3:-1000000}
for tool in qemu-system-arm arm-none-eabi-gcc arm-none-eabi-size gcc; do
    if ! command -v "$tool" >/dev/null; then
        echo "skipped: $tool is not installed"
        exit 77
    fi
done
mkdir -p "$build"
here=$source/tests/freestanding/evaluator
board=$source/tests/support/cortex
library="$source/device/src/policy/evaluate.c $source/device/src/policy/layout.c $source/device/src/policy/build.c"
include="-I$source/device/include -I$source/device/src -I$here -I$source/tests"

# shellcheck disable=SC2086 # lists of words
gcc -O2 -std=c99 $include "$here/native.c" "$here/inputs.c" $library -o "$build/native"

firmware() { # INPUTS FILE OPTIMIZATION: of the driver; the evaluator itself is always built -Os
    # shellcheck disable=SC2086
    arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb "$3" -std=gnu99 -ffreestanding -fno-builtin \
        -fno-tree-loop-distribute-patterns -nostdlib "-DEVALUATOR_INPUTS=$1u" $include \
        -T "$board/link.ld" "$here/cortex.c" "$here/inputs.c" \
        "$build/evaluate.o" "$build/layout.o" "$build/build.o" -lgcc -o "$2"
}

for part in evaluate layout build; do
    # shellcheck disable=SC2086
    arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -Os -std=c99 -ffreestanding -ffunction-sections \
        $include -c "$source/device/src/policy/$part.c" -o "$build/$part.o"
done
firmware "$count" "$build/inputs.elf" -O2
firmware 0 "$build/measure.elf" -Os

emulate() { # FIRMWARE OPTION...
    kernel=$1
    shift
    qemu-system-arm -M mps2-an386 -kernel "$kernel" -nographic -monitor none -serial null \
        -semihosting-config enable=on,target=native "$@" </dev/null 2>&1
}

# shellcheck disable=SC2046
set -- $("$build/native" "$count") $(emulate "$build/inputs.elf") \
    $(emulate "$build/measure.elf" -icount shift=0,align=off,sleep=off)
arm-none-eabi-ld -r --gc-sections -e fr_policy_evaluate "$build/evaluate.o" "$build/layout.o" \
    -o "$build/linked.o"
code=$(arm-none-eabi-size "$build/linked.o" | awk 'NR == 2 {print $1}')
echo "inputs $count"
echo "native checksum $1 escalated $2 reasons $3"
echo "cortex checksum $5 escalated $6 reasons $7"
echo "policy of three tasks and four guards $4 bytes"
echo "instructions $8 stack ${9} bytes reason ${10} code $code bytes"
if [ "$1 $2 $3" != "$5 $6 $7" ]; then
    echo "the answers differ"
    exit 1
fi
# Every reason an evaluator can give was met, so that nothing was compared by accident only.
if [ "$3" -ne 8190 ] && [ "$count" -ge 1000000 ]; then
    echo "not every rule spoke: $3"
    exit 1
fi
