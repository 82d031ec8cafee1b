# SPDX-License-Identifier: Apache-2.0
"""The evaluator part of scripts/bench: the policy evaluator natively and on an emulated Cortex-M4,
bit for bit, and what it costs there (tests/freestanding/evaluator.sh)."""

import os
import re
import subprocess
import tempfile

import demo
from bench_figures import Figure, Skip

INPUTS = 100_000_000
SIMPLE_TASK_BYTES = 14 + 32  # rules and one gain table; frugal/policy.h
HEADER_BYTES, GUARD_BYTES = 12, 4


def measure(inputs=INPUTS):
    """(figures, result) as every part of the bench gives them."""
    script = os.path.join(demo.ROOT, "tests", "freestanding", "evaluator.sh")
    with tempfile.TemporaryDirectory(prefix="frugal-bench-") as folder:
        done = subprocess.run([script, demo.ROOT, folder, str(inputs)], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=1800, check=False)
    if done.returncode == 77:
        raise Skip(done.stdout.strip().removeprefix("skipped: "))
    if done.returncode != 0:
        raise demo.DemoError(f"evaluator.sh failed:\n{(done.stdout + done.stderr)[-2000:]}")
    native, cortex = (re.search(rf"{side} checksum (\d+)", done.stdout).group(1) for side in ("native", "cortex"))
    instructions, stack, code = (int(number) for number in re.search(
        r"instructions (\d+) stack (\d+) bytes reason \d+ code (\d+) bytes", done.stdout).groups())
    four_tasks = HEADER_BYTES + 6 * GUARD_BYTES + 4 * SIMPLE_TASK_BYTES
    result = {"inputs": inputs, "native_checksum": native, "cortex_checksum": cortex, "instructions": instructions,
              "stack_bytes": stack, "code_bytes": code, "simple_task_bytes": SIMPLE_TASK_BYTES,
              "four_tasks_six_guards_bytes": four_tasks}
    return [
        Figure(f"answers compared with a Cortex-M4, {inputs:,}", "equal" if native == cortex else "DIFFERENT",
               f"checksums {native}, {cortex}", native == cortex),
        Figure("  instructions, third of three tasks", str(instructions), "goal 300; four guards, -Os, GCC 12",
               instructions <= 300),
        Figure("  code", f"{code} B", "goal 640 B", code <= 640),
        Figure("  stack", f"{stack} B", "goal 64 B", stack <= 64),
        Figure("  compiled policy, a simple task", f"{SIMPLE_TASK_BYTES} B", "goal 48 B; header 12 B once",
               SIMPLE_TASK_BYTES <= 48),
        Figure("  compiled policy, 4 tasks and 6 guards", f"{four_tasks} B", "goal 256 B", four_tasks <= 256),
    ], result
