# SPDX-License-Identifier: Apache-2.0
"""The project's own files and small views of C++ text, shared by the tidy rules."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
C_SUFFIXES = {".c", ".h", ".cpp", ".hpp"}
CODE_SUFFIXES = C_SUFFIXES | {".py", ".proto", ".ts", ".js", ".mjs", ".css", ".sql", ".cmake", ".sh"}


def project_files():
    """Committed and new files, without ignored and deleted ones, sorted."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True).stdout
    names = sorted({name for name in listing.decode().split("\0") if name})
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def relative(path):
    return path.relative_to(ROOT).as_posix()


def is_text(path):
    return b"\0" not in path.read_bytes()[:8192]


def is_code(path):
    if path.suffix in CODE_SUFFIXES or path.name == "CMakeLists.txt":
        return True
    return path.suffix == "" and path.read_bytes()[:2] == b"#!"


def without_comments_and_strings(text):
    """Blanks comments, strings and character literals; line numbers stay right."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"([^()\\ ]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])*\'',
        re.DOTALL)
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), text)


def functions(text):
    """Yields (name, first line, line count) of every function body in C or C++ text."""
    clean = without_comments_and_strings(text)
    clean = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), clean,
                   flags=re.MULTILINE)
    stack, start, line = [], 0, 1
    for position, character in enumerate(clean):
        if character == "\n":
            line += 1
        elif character == ";" or character == "}":
            start = position + 1
        if character == "{":
            head = clean[start:position].strip()
            stack.append((function_name(head), line))
            start = position + 1
        elif character == "}" and stack:
            name, first = stack.pop()
            if name:
                yield name, first, line - first + 1


def function_name(head):
    """The name before the parameter list, or None when the braces belong to something else."""
    head = re.sub(r"^(public|private|protected)\s*:", "", head).strip()
    if "(" not in head or re.search(r"=\s*$|\breturn\b|^\s*(enum|namespace)\b|\]\s*(\(|$)", head):
        return None
    found = re.search(r"([A-Za-z_~][\w:~]*|operator\s*\S+)\s*\(", head)
    if not found or found.group(1) in {"if", "for", "while", "switch", "catch", "sizeof", "alignas"}:
        return None
    return found.group(1)
