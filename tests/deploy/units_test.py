#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The systemd units of deploy/systemd: valid, and sandboxed as well as we promise.

Works offline (`systemd-analyze verify` and `security --offline`), so it needs no running systemd.
"""

import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

UNITS = Path(__file__).resolve().parents[2] / "deploy" / "systemd"
EXPOSURE_LIMIT = 1.5


def rendered(template):
    """Fills in paths that exist everywhere: verify insists on the executables."""
    text = template.read_text()
    text = text.replace("@CMAKE_INSTALL_FULL_SYSCONFDIR@", "/etc")
    text = text.replace("@CMAKE_INSTALL_FULL_DOCDIR@", "/usr/share/doc/frugal")
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE)
    return text


@unittest.skipUnless(shutil.which("systemd-analyze"), "needs systemd-analyze")
class UnitsTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="frugal-units-"))
        for template in UNITS.glob("*.service.in"):
            (self.folder / template.name[:-3]).write_text(rendered(template))
        for unit in [*UNITS.glob("*.service"), *UNITS.glob("*.path")]:
            shutil.copy(unit, self.folder)

    def tearDown(self):
        shutil.rmtree(self.folder)

    def test_units_are_valid(self):
        units = sorted(str(unit) for unit in self.folder.iterdir())
        result = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
        self.assertEqual((0, ""), (result.returncode, result.stderr))

    def test_exposure_is_low(self):
        for name in ["frugald", "frugal-broker"]:
            result = subprocess.run(
                ["systemd-analyze", "security", "--offline=true", "--no-pager",
                 str(self.folder / f"{name}.service")], capture_output=True, text=True)
            found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", result.stdout)
            self.assertIsNotNone(found, result.stderr)
            print(f"exposure of {name}.service: {found.group(1)} (limit {EXPOSURE_LIMIT})")
            self.assertLessEqual(float(found.group(1)), EXPOSURE_LIMIT)


if __name__ == "__main__":
    unittest.main()
