# SPDX-License-Identifier: Apache-2.0
"""A model script that lacks a package says which, and prints no traceback."""

import subprocess
import sys
import unittest
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent

WITHOUT = """
import runpy, sys
for name in {absent}:
    sys.modules[name] = None
sys.path.insert(0, {folder!r})
sys.argv = [{script!r}, "--help"]
runpy.run_path({script!r}, run_name="__main__")
"""


class PackagesTest(unittest.TestCase):
    def test_what_is_missing_is_named(self):
        for script, absent in (("train_bonsai.py", ["torch"]), ("train_bonsai.py", ["numpy", "torch"]),
                               ("train.py", ["numpy", "torch"]), ("convert.py", ["numpy"]),
                               ("canary.py", ["numpy"])):
            with self.subTest(script, absent=absent):
                code = WITHOUT.format(absent=absent, folder=str(FOLDER), script=str(FOLDER / script))
                done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True,
                                      text=True, check=False)
                self.assertEqual(1, done.returncode, done.stderr)
                self.assertNotIn("Traceback", done.stderr)
                self.assertTrue(done.stderr.startswith("error: "), done.stderr)
                for name in absent:
                    self.assertIn("apt-get install", done.stderr)
                    self.assertIn(f"python3-{name}", done.stderr)


if __name__ == "__main__":
    unittest.main()
