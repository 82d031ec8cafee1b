#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every test and every fuzz seed that docs/reference/bad-input.md names exists."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/reference/bad-input.md"


def problems_of_tests(cell):
    for part in filter(None, (text.strip() for text in cell.split(";"))):
        file_name, _, names = part.partition(":")
        path = ROOT / "tests/unit" / (file_name.strip() + ".cpp")
        text = path.read_text() if path.is_file() else None
        if text is None:
            yield f"no test file {path.relative_to(ROOT)}"
            continue
        for name in filter(None, (one.strip() for one in names.split(","))):
            if not re.search(r'[",( ]' + re.escape(name) + r'[",)]', text):
                yield f"{file_name.strip()} has no test {name}"


def problems_of_seeds(cell):
    for name in filter(None, (one.strip() for one in cell.split(","))):
        if not (ROOT / "tests/fuzz/corpus" / name).is_file():
            yield f"no seed tests/fuzz/corpus/{name}"


def main():
    table = PAGE.read_text().split("| bad input |", 1)[1].split("\n\n", 1)[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    problems = [] if len(rows) > 30 else [f"only {len(rows)} rows found"]
    for row in rows:
        cells = row.strip().strip("|").split("|")
        if len(cells) != 3 or not cells[1].strip():
            problems.append(f"not a row of three cells with a test: {row[:60]}")
            continue
        problems += problems_of_tests(cells[1])
        problems += problems_of_seeds(cells[2])
    for problem in problems:
        print(f"docs/reference/bad-input.md: {problem}")
    print(f"bad input: {len(rows)} rows, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
