# SPDX-License-Identifier: Apache-2.0
"""A line of scripts/bench's table, and running the programs that measure it."""

import json
import os
import subprocess

import demo


class Skip(Exception):
    """A part that cannot run here; its text says why."""


class Figure:
    """One line of the table: a value beside what it is measured against."""

    def __init__(self, name, value, ceiling="", verdict=None):
        self.name, self.value, self.ceiling, self.verdict = name, value, ceiling, verdict

    def line(self):
        mark = {None: "", True: "ok", False: "MISSED"}[self.verdict]
        return f"  {self.name:<44} {self.value:>18}   {self.ceiling:<58} {mark}".rstrip()


def run_json(command, limit_s, environment=None):
    """The JSON a program of ours prints last."""
    if not os.access(command[0], os.X_OK):
        raise Skip(f"{os.path.basename(command[0])} is not built")
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit_s,
                          check=False, env={**os.environ, **(environment or {})})
    start = done.stdout.find("{")
    if start < 0:
        raise demo.DemoError(f"{os.path.basename(command[0])} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    result, _ = json.JSONDecoder().raw_decode(done.stdout[start:])
    return result
