# SPDX-License-Identifier: Apache-2.0
"""What scripts/bench codec measures with tools beside codec_bench: code size of the decoder by
profile set, and deltas of bsdiff and xdelta3. Whatever is not installed is skipped and said so."""
import os
import shutil
import subprocess
import tempfile

import demo
from bench_figures import Figure, run_json

CODE_GOAL_BYTES = 4096
STRIP_INPUTS = 1000
IDEAL_GOALS = ((2, 1.015), (1, 1.03))  # by profile
ENTROPY_GOAL = 1.03
REEXPORTS = ("ic_int8_20201218", "ic_int8", "ad_int8", "aww_v2_20210210", "micro_speech_int8")
SHARED_ANCESTORS = ("mww2_hey_ha",)
INSTRUCTION_GOALS = (350, 700, 2000)
INSTRUCTION_MODELS = ("kws_ref_int8", "ic_int8", "ad_int8", "sww_int8", "mnist_lstm_int8")
SETS = {"0": (0,), "1": (1,), "2": (2,), "all": (0, 1, 2)}


def run(command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=True, **options)


def code_bytes(root, folder, numbers):
    """Code and constants a firmware links for these profiles, without the compiler's own helpers."""
    source = os.path.join(root, "device", "src", "codec")
    entry = os.path.join(folder, "entry.c")
    pointers = ", ".join(f"&fr_profile_{number}" for number in numbers)
    with open(entry, "w", encoding="ascii") as file:
        file.write('#include "frugal/codec.h"\n'
                   f"static const fr_profile_t* const kSome[] = {{{pointers}}};\n"
                   f"const fr_profile_set_t set = {{kSome, {len(numbers)}}};\n"
                   "const void* const entry[] = {(const void*)fr_decoder_init, (const void*)fr_decoder_sink,\n"
                   "    (const void*)fr_decoder_poll, (const void*)fr_decoder_finish, &set};\n")
    linked = os.path.join(folder, "decoder.elf")
    sources = [os.path.join(source, name) for name in sorted(os.listdir(source)) if name.endswith(".c")]
    run(["arm-none-eabi-gcc", "-mcpu=cortex-m0plus", "-mthumb", "-Os", "-std=c99", "-ffreestanding", "-nostdlib",
         "-ffunction-sections", "-fdata-sections", "-I" + os.path.join(root, "device", "include"),
         "-I" + os.path.join(root, "device", "src"), entry, *sources, "-Wl,--gc-sections", "-Wl,-e,entry",
         "-Wl,--unresolved-symbols=ignore-all", "-Wl,-u,entry", "-o", linked])
    line = run(["arm-none-eabi-size", linked], text=True).stdout.splitlines()[1].split()
    return int(line[0]) + int(line[1])


def measure_code(root):
    """(profiles, bytes) for each set; None without the compiler."""
    if shutil.which("arm-none-eabi-gcc") is None:
        return None
    with tempfile.TemporaryDirectory(prefix="frugal-bench-") as folder:
        return {name: code_bytes(root, folder, numbers) for name, numbers in SETS.items()}


def other_deltas(old, new):
    """Sizes of the patches of bsdiff and xdelta3, of those that are installed."""
    sizes = {}
    with tempfile.TemporaryDirectory(prefix="frugal-bench-") as folder:
        patch = os.path.join(folder, "patch")
        commands = {"bsdiff": ["bsdiff", old, new, patch], "xdelta3": ["xdelta3", "-e", "-9", "-f", "-s", old, new, patch]}
        for name, command in commands.items():
            if shutil.which(name) is not None:
                run(command)
                sizes[name] = os.path.getsize(patch)
    return sizes


def delta_goal(name, full, best):
    """(largest size, its words) for a delta to this model."""
    if name in REEXPORTS:
        return best / 3, f"goal a third of the best, {best / 3:,.0f}"
    if name in SHARED_ANCESTORS:
        return 0.88 * full, f"goal 0.88 of full, {0.88 * full:,.0f}"
    return full + 64, "goal full + 64"


def delta_figures(root, models, deltas):
    figures = []
    for delta in deltas:
        folder = models if os.path.exists(os.path.join(models, delta["new"] + ".tflite")) else os.path.join(
            root, "device-sim", "models")
        others = other_deltas(*(os.path.join(folder, delta[end] + ".tflite") for end in ("old", "new")))
        delta["other_bytes"] = others | {"zstd --patch-from": delta["zstd_patch_bytes"]}
        best = min(delta["other_bytes"].values())
        goal, words = delta_goal(delta["new"], delta["full_bytes"], best)
        beside = ", ".join(f"{name} {size:,}" for name, size in delta["other_bytes"].items())
        figures.append(Figure(f"  delta to {delta['new']}", f"{delta['delta_bytes']:,} B",
                              f"{words}; full {delta['full_bytes']:,}, {beside}", delta["delta_bytes"] <= goal))
    return figures


def bound_figures(models):
    """The weights alone beside an ideal mixture of models and beside their zeroth-order entropy."""
    known = [model for model in models if "weights_ideal_bytes" in model]
    figures = []
    for profile, goal in IDEAL_GOALS:
        for model in known:
            ratio = model[f"profile{profile}_of_ideal"]
            packed = model["weights_packed_bytes"][profile]
            figures.append(Figure(f"weights of {model['name']}, profile {profile}, of the ideal", f"{ratio:.4f}",
                                  f"goal {goal}; {packed:,} B, ideal {model['weights_ideal_bytes']:,}, "
                                  f"entropy {model['weights_entropy_bytes']:,}", ratio <= goal))
    worst = max(models, key=lambda model: model["worst_tensor_of_entropy"] if model["int8"] else 0)
    figures.append(Figure("largest ratio to its entropy of a tensor of 4 KB and more",
                          f"{worst['worst_tensor_of_entropy']:.4f}", f"goal {ENTROPY_GOAL} ({worst['name']})",
                          worst["worst_tensor_of_entropy"] <= ENTROPY_GOAL))
    return figures


def strip_figures(program):
    """(figures, rows): both files of every model run on 1,000 inputs, outputs compared byte by byte."""
    if not os.access(program, os.X_OK):
        return [Figure("strip proved by running", "skipped", "strip_bench is not built")], []
    rows = run_json([program, "--json"], 600)["models"]
    different = [row["name"] for row in rows if row["different"] != 0]
    inputs = min(row["inputs"] for row in rows)
    few = sorted(rows, key=lambda row: row["distinct_outputs"])[0]
    return [Figure("strip proved by running: models", f"{len(rows)}",
                   f"{inputs:,} inputs each, outputs and state compared byte by byte; fewest distinct outputs "
                   f"{few['distinct_outputs']:,} ({few['name']})"),
            Figure("  with an output that differs", f"{len(different)}", " ".join(different) or "of none",
                   not different and inputs >= STRIP_INPUTS)], rows


def decoder_instructions(root, frugalctl, folder, model, profile):
    """Instructions for each byte out on an emulated Cortex-M4, the decoder compiled with -Os."""
    stream = os.path.join(folder, "stream")
    subprocess.run([frugalctl, "model", "pack", model, "-o", stream, "--profile", str(profile)],
                   stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True)
    bench = os.path.join(root, "tests", "bench", "codec_cortex")
    board = os.path.join(root, "tests", "support", "cortex")
    source = os.path.join(root, "device", "src", "codec")
    linked = os.path.join(folder, "stream.S")
    with open(linked, "w", encoding="ascii") as file:
        file.write(f'.section .stream\n.global stream_start\n.global stream_end\n'
                   f'stream_start: .incbin "{stream}"\nstream_end:\n')
    firmware = os.path.join(folder, "decoder.elf")
    subprocess.run(["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-Os", "-std=c99", "-ffreestanding",
                    "-fno-builtin", "-fno-tree-loop-distribute-patterns", "-nostdlib",
                    "-I" + os.path.join(root, "device", "include"), "-I" + os.path.join(root, "device", "src"),
                    "-I" + os.path.join(root, "tests"), "-T", os.path.join(board, "link.ld"), os.path.join(bench, "main.c"), linked,
                    *(os.path.join(source, name) for name in sorted(os.listdir(source))
                      if name.endswith(".c") and name != "artifact.c"), "-lgcc", "-o", firmware],
                   stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=True)
    done = subprocess.run(["qemu-system-arm", "-M", "mps2-an386", "-kernel", firmware, "-nographic", "-monitor", "none",
                           "-serial", "null", "-semihosting-config", "enable=on,target=native",
                           "-icount", "shift=0,align=off,sleep=off"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=True)
    status, size, ticks = (int(word) for word in (done.stdout + done.stderr).split()[:3])
    if status != 0:
        raise demo.DemoError(f"the decoder on the Cortex-M refused {model}: status {status}")
    return 40 * ticks / size


def measure_instructions(root, frugalctl, folder_of_models):
    missing = [tool for tool in ("qemu-system-arm", "arm-none-eabi-gcc") if shutil.which(tool) is None]
    if missing:
        return [Figure("decoder instructions for a byte", "skipped", f"not installed: {', '.join(missing)}")], []
    models = [os.path.join(folder_of_models, name + ".tflite") for name in INSTRUCTION_MODELS]
    models = [model for model in models if os.path.exists(model)] or [
        os.path.join(root, "device-sim", "models", "fashion-small-1.tflite")]
    figures, results = [], []
    with tempfile.TemporaryDirectory(prefix="frugal-bench-") as folder:
        for model in models:
            for profile, goal in enumerate(INSTRUCTION_GOALS):
                count = decoder_instructions(root, frugalctl, folder, model, profile)
                name = os.path.basename(model).removesuffix(".tflite")
                results.append({"model": name, "profile": profile, "instructions_per_byte": round(count)})
                figures.append(Figure(f"instructions a byte, profile {profile}, {name}", f"{count:,.0f}",
                                      f"goal {goal:,}, Cortex-M4 -Os under QEMU", count <= goal))
    return figures, results


def code_figures(sizes):
    if sizes is None:
        return [Figure("decoder code", "skipped", "not installed: arm-none-eabi-gcc")]
    return [Figure(f"decoder code, profile {name}" if name != "all" else "decoder code, all profiles", f"{size:,} B",
                   f"goal {CODE_GOAL_BYTES:,} B, Cortex-M0+ -Os, linked, constants included", size <= CODE_GOAL_BYTES)
            for name, size in sizes.items()]
