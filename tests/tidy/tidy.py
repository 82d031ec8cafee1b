#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules of the house that a script can check, over every file git knows or would add.

    tests/tidy/tidy.py [RULE...]      all rules without arguments; prints path:line: rule: what, and fails

Accepted exceptions stand in exceptions.txt, each with its reason.
"""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import layers  # noqa: E402
from source_tree import (C_SUFFIXES, ROOT, functions, is_code, is_text, project_files,  # noqa: E402
                         relative, without_comments_and_strings)

FILE_LINES = 400
FUNCTION_LINES = 70
LICENCE = "SPDX-License-Identifier: Apache-2.0"

# Written in pieces so that this file does not find itself.
MACHINE_PATHS = re.compile("|".join([
    r"(?<![\w.}/-])/" + r"work/", r"(?<![\w.}])/" + r"root/(?!fs)", "/tmp/" + "build", r"/home/" + r"[a-z]",
    "registry" + r"\.npmjs", "files\\." + "pythonhosted", "snapshot\\." + "debian"]))
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
CLOCKS = re.compile(
    r"\b(?:system_clock|steady_clock|high_resolution_clock)\s*::\s*now\b|\bclock_gettime\b|\bgettimeofday\b"
    r"|\brandom_device\b|\bgetenv\b|\bstd::thread\b|\bstd::mutex\b|\bthis_thread\b")
DOCUMENTED_PATH = re.compile(
    r"`((?:scripts|docs|tests|deploy|config|proto|device|gateway|device-sim|cmake)/[\w./-]*)`")
PURE = ("gateway/core/", "gateway/model/", "gateway/wire/", "gateway/base/", "device/src/", "device/include/")


def check_licence(path, text):
    head = text.split("\n", 3)[:3]
    if is_code(path) and not any(LICENCE in line for line in head):
        yield 1, f"the first lines must hold '{LICENCE}'"


def check_size(path, text):
    lines = text.count("\n")
    if is_code(path) and lines > FILE_LINES:
        yield 1, f"{lines} lines; a file has at most {FILE_LINES}"
    if path.suffix in C_SUFFIXES:
        for name, first, count in functions(text):
            if count > FUNCTION_LINES:
                yield first, f"{name}() has {count} lines; a function has at most {FUNCTION_LINES}"


def check_machine(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        found = MACHINE_PATHS.search(line)
        if found:
            yield number, f"'{found.group(0)}' is this machine's, not the project's"


def check_unfinished(path, text):
    if is_code(path):
        for number, line in enumerate(text.split("\n"), 1):
            if UNFINISHED.search(line):
                yield number, "unfinished work belongs into an issue"


def check_pragma(path, text):
    if path.suffix == ".hpp" and "#pragma once" not in text:
        yield 1, "a C++ header starts with #pragma once"
    if path.suffix in {".h", ".hpp"} and not re.match(r"(?://.*\n){2,}|//.*\n/\*\*?", text):
        yield 1, "a header's first lines say what it is, who owns it, which thread, what it never does"


def check_pure(path, text):
    if relative(path).startswith(PURE) and path.suffix in C_SUFFIXES:
        clean = without_comments_and_strings(text)
        for number, line in enumerate(clean.split("\n"), 1):
            found = CLOCKS.search(line)
            if found:
                yield number, f"'{found.group(0)}': time, randomness, environment and threads are arguments here"


def check_paths(path, text):
    """Documentation that names a file of the project names one that exists."""
    if path.suffix != ".md":
        return
    for number, line in enumerate(text.split("\n"), 1):
        for name in DOCUMENTED_PATH.findall(line):
            place = name.rstrip("/.")
            if not (ROOT / place).exists() and not list(ROOT.glob(place + ".in")):
                yield number, f"`{name}` does not exist"


def check_layers(path, text):
    if path.suffix in C_SUFFIXES:
        yield from layers.check(path, text)


RULES = {"licence": check_licence, "size": check_size, "machine": check_machine,
         "unfinished": check_unfinished, "header": check_pragma, "pure": check_pure,
         "layers": check_layers, "paths": check_paths}


def exceptions():
    """(path, rule) pairs of exceptions.txt; each line is 'path: rule: reason'."""
    allowed = set()
    for line in (Path(__file__).parent / "exceptions.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            path, rule, reason = (part.strip() for part in line.split(":", 2))
            assert rule in RULES and reason, f"exceptions.txt: bad line '{line}'"
            assert (ROOT / path).exists(), f"exceptions.txt: {path} is gone"
            allowed.add((path, rule))
    return allowed


def main(names):
    allowed = exceptions()
    problems = files = 0
    for path in project_files():
        if not is_text(path):
            continue
        files += 1
        text = path.read_text(errors="replace")
        for rule in names or RULES:
            if (relative(path), rule) in allowed:
                continue
            for line, message in RULES[rule](path, text):
                problems += 1
                print(f"{relative(path)}:{line}: {rule}: {message}")
    print(f"tidy: {files} files, {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
