# SPDX-License-Identifier: Apache-2.0
"""Who may include whom: every #include against the table of ARCHITECTURE.md.

The table is the fenced block marked `includes`: one line per layer, "layer -> allowed layers". A layer may
always include itself and the standard library; `third-party` after the arrow allows other <...> headers.
"""

import re
from source_tree import ROOT, relative

STANDARD_C = {"stddef.h", "stdint.h", "stdbool.h", "string.h", "limits.h"}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]')
POSIX = re.compile(r"^(sys|netinet|arpa|net|linux)/|^[a-z0-9_]+\.h$")
# nanopb's own code includes its headers with quotes, and so do its users.
NANOPB = re.compile(r"^pb(_(encode|decode|common))?\.h$")
# Who a generated or installed header belongs to when its path does not say so.
GENERATED = re.compile(r"\.pb\.h$")


def read_table():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    block = re.search(r"```includes\n(.*?)```", text, re.DOTALL)
    assert block, "ARCHITECTURE.md has no ```includes block"
    table = {}
    for line in block.group(1).splitlines():
        layer, _, allowed = line.partition("->")
        table[layer.strip()] = set(allowed.split())
    return table


TABLE = read_table()
# Longest first, so that tests/simulation wins over tests.
LAYERS = sorted(TABLE, key=len, reverse=True)


def layer_of(path):
    for layer in LAYERS:
        if path == layer or path.startswith(layer + "/"):
            return layer
    return None


def owner(including, text):
    """The project path an include names, or None when it is somebody else's header."""
    folder = including.rsplit("/", 1)[0]
    places = [f"{folder}/{text}", text, f"gateway/{text}", f"device/include/{text}", f"device/src/{text}",
              f"proto/{text}", f"tests/{text}"]
    for place in places:
        if (ROOT / place).is_file():
            return place
    for port in ROOT.glob(f"device/ports/*/{text}"):
        return relative(port)
    if GENERATED.search(text):
        return f"proto/{text}"
    return None


def parts_of(target):
    """A device path also counts as its part: device/src/policy/x.c and frugal/policy.h are device/policy."""
    found = re.match(r"device/(?:src/([a-z0-9_]+)/|include/frugal/([a-z0-9_]+)\.h)", target)
    return {f"device/{found.group(1) or found.group(2)}"} if found else set()


def allowed(layer, target):
    rights = TABLE[layer] | {layer}
    if layer_of(target) in rights or parts_of(target) & rights:
        return True
    return any(target.startswith(right + "/") for right in rights)


def check(path, text):
    name = relative(path)
    layer = layer_of(name)
    if layer is None:
        return
    for number, line in enumerate(text.split("\n"), 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        target = owner(name, found.group(2))
        if target is None:
            yield from check_foreign(number, layer, found.group(1), found.group(2))
        elif layer_of(target) and not allowed(layer, target):
            yield number, f"{layer} may not include {found.group(2)} (of {layer_of(target)}); see ARCHITECTURE.md"


def check_foreign(number, layer, bracket, header):
    if bracket == '"' and not NANOPB.match(header):
        yield number, f"'{header}' is no file of the project"
    elif "third-party" in TABLE[layer] or NANOPB.match(header):
        return
    elif layer == "device" and header not in STANDARD_C:
        yield number, f"the device library knows no <{header}>: {', '.join(sorted(STANDARD_C))} are all"
    elif layer != "device" and ("/" in header or header.endswith((".h", ".hpp"))) and not is_system(header):
        yield number, f"{layer} may not include <{header}>: no third-party headers there"


def is_system(header):
    return bool(POSIX.match(header)) and header not in {"mosquitto.h", "sqlite3.h", "zstd.h"}
