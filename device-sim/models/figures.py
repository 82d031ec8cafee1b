# SPDX-License-Identifier: Apache-2.0
"""Reads and writes models.json, the figures of the committed models.

Owned by the model scripts. Pure Python. Lists of plain values stay on one line, so that a change
of a model is a short diff.
"""

import json
import re


def _on_one_line(match):
    return "[" + re.sub(r"\s*\n\s*", " ", match.group(1)).strip() + "]"


def text(document):
    """The document as JSON with a line for each member."""
    plain = re.compile(r"\[([^\[\]{}]*)\]")
    return plain.sub(_on_one_line, json.dumps(document, indent=2)) + "\n"


def read(path):
    """The document, or an empty one when there is no file yet."""
    return json.loads(path.read_text()) if path.exists() else {}


def update(path, members):
    """Replaces some members of the document."""
    path.write_text(text({**read(path), **members}))
