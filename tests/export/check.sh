#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check.sh FRUGALCTL ROOT WORK COMPILER
# Exports models as C, compiles them with the device library, runs them, and compares the outputs
# with those of `frugalctl model run`.
set -eu
frugalctl=$1
root=$2
work=$3
compiler=$4
command -v "$compiler" >/dev/null || { echo "skipped: $compiler is not installed"; exit 77; }
rm -rf "$work"
mkdir -p "$work"
cd "$work"

# compare MODEL PROGRAM OUTPUT SOURCE...: OUTPUT is the number of the run's output to compare.
compare() {
    model=$1
    program=$2
    output=$3
    shift 3
    "$frugalctl" model export "$model" --c -o exported.c
    "$compiler" -std=c99 -O1 -Wall -Wextra -Wpedantic -Werror -I . -I "$root/device/include" \
        -I "$root/device/src" '-DEXPORTED_HEADER="exported.h"' exported.c "$root/tests/export/$program" "$@" -o exported
    # Bytes that differ from step to step, as many as three inputs take.
    size=$("$frugalctl" --json model inspect "$model" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["inputs"][0]["size_bytes"])')
    steps=1
    [ "$output" = steps ] && steps=3
    python3 -c "import sys; sys.stdout.buffer.write(bytes((i * 197 + i // 251) % 256
        for i in range($size * $steps)))" >input
    ./exported <input >ours
    "$frugalctl" --json model run "$model" --input input | python3 -c '
import json, sys
run = json.load(sys.stdin)
steps = run.get("steps", [{"outputs": run["outputs"]}])
wanted = {"class": 1}.get(sys.argv[1], 0)
print(*(value % 256 for step in steps for value in step["outputs"][wanted]["data"]), "")
' "$output" >theirs
    cmp ours theirs
    echo "$(basename "$model"): $(cat ours)"
}

runtime="$root/device/src/runtime/*.c $root/device/src/crypto/*.c"
bonsai="$root/device/src/bonsai/*.c"
# shellcheck disable=SC2086  # lists of files
{
    compare "$root/device-sim/models/fashion-tiny-2.tflite" run_tflite.c last $runtime
    compare "$root/device-sim/models/fashion-bonsai.frbn" run_bonsai.c class $bonsai
    streaming=${FRUGAL_SHARED_DIR:-$root/../shared}/models/tflite/mww2_okay_nabu_20241001.tflite
    if [ -f "$streaming" ]; then
        compare "$streaming" run_tflite.c steps $runtime
    fi
}
