#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tidy rules themselves: each finds a planted fault and leaves the right form alone."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import layers  # noqa: E402
import tidy  # noqa: E402
from source_tree import ROOT, functions  # noqa: E402


def faults(rule, path, text):
    return list(tidy.RULES[rule](ROOT / path, text))


class LayersTest(unittest.TestCase):
    CASES = [
        ("core may use base", "gateway/core/a.cpp", '#include "base/result.hpp"', True),
        ("core may not use net", "gateway/core/a.cpp", '#include "net/../../gateway/app/config.hpp"', False),
        ("core may not use the daemon", "gateway/core/a.cpp", '#include "app/config.hpp"', False),
        ("core has no third-party headers", "gateway/core/a.cpp", "#include <sqlite3.h>", False),
        ("core has the standard library", "gateway/core/a.cpp", "#include <vector>", True),
        ("base does not know the device", "gateway/base/a.cpp", '#include "frugal/status.h"', False),
        ("a device file has no stdio", "device/src/node/a.c", "#include <stdio.h>", False),
        ("a device file has string.h", "device/src/node/a.c", "#include <string.h>", True),
        ("the device does not know the gateway", "device/src/a.c", '#include "base/bytes.hpp"', False),
        ("a file that does not exist", "gateway/core/a.cpp", '#include "base/no_such.hpp"', False),
        ("generated messages are proto", "gateway/wire/a.cpp", '#include "frugal/v1/x.pb.h"', True),
    ]

    def test_arrows(self):
        for name, path, text, good in self.CASES:
            with self.subTest(name):
                self.assertEqual(good, not faults("layers", path, text))

    def test_every_layer_of_the_table_is_known(self):
        for layer, rights in layers.TABLE.items():
            for right in rights - {"third-party"}:
                known = layers.layer_of(right) or any(row.startswith(right + "/") for row in layers.TABLE)
                self.assertTrue(known, f"{layer} -> {right}: no such layer")


class TextRulesTest(unittest.TestCase):
    def test_licence(self):
        self.assertTrue(faults("licence", "gateway/base/a.cpp", "int a;\n"))
        self.assertFalse(faults("licence", "gateway/base/a.cpp", f"// {tidy.LICENCE}\n"))

    def test_machine_paths(self):
        self.assertTrue(faults("machine", "README.md", "see /" + "work/main\n"))
        self.assertFalse(faults("machine", "README.md", "see network/main and /var/lib\n"))

    def test_documented_paths(self):
        self.assertTrue(faults("paths", "README.md", "see `scripts/no-such`\n"))
        self.assertFalse(faults("paths", "README.md", "see `scripts/build` and `build/bin/`\n"))

    def test_clock_in_the_core(self):
        line = "auto t = std::chrono::steady_clock::now();\n"
        self.assertTrue(faults("pure", "gateway/core/a.cpp", line))
        self.assertFalse(faults("pure", "gateway/net/a.cpp", line))
        self.assertFalse(faults("pure", "gateway/core/a.cpp", "// " + line))

    def test_file_size(self):
        self.assertTrue(faults("size", "gateway/base/a.cpp", "int a;\n" * 401))
        self.assertFalse(faults("size", "gateway/base/a.cpp", "int a;\n" * 400))

    def test_function_size(self):
        long = "int f(int a) {\n" + "  a += 1;\n" * 70 + "}\n"
        self.assertTrue(faults("size", "gateway/base/a.cpp", long))
        self.assertFalse(faults("size", "gateway/base/a.cpp", long.replace("  a += 1;\n", "", 2)))


class FunctionsTest(unittest.TestCase):
    CASES = [
        ("plain", "void f() {\n}\n", ["f"]),
        ("in a namespace", "namespace a {\nint g(int b) {\nif (b) {\n}\nreturn 1;\n}\n}\n", ["g"]),
        ("member with initializers", "A::A(int b) : b_(b) {\n}\n", ["A::A"]),
        ("an enum is none", "enum class A { kB };\n", []),
        ("braces in strings", 'void f() {\n  g("{{{");\n}\n', ["f"]),
        ("a table is none", "const int a[] = {\n1,\n};\n", []),
    ]

    def test_names(self):
        for name, text, expected in self.CASES:
            with self.subTest(name):
                self.assertEqual(expected, [found for found, _, _ in functions(text)])


if __name__ == "__main__":
    unittest.main()
