# SPDX-License-Identifier: Apache-2.0
"""Says which of Debian's packages a model script lacks, where Python would print a traceback.

Owned by the model scripts, which ask before they import. Needs nothing itself.
"""

import importlib.util
import sys


def need(*modules):
    """Ends the program with status 1 unless all modules can be imported."""
    missing = [f"python3-{name}" for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"error: {sys.argv[0]} needs {' and '.join(missing)}\n"
                 f"  cause   not found by {sys.executable}\n"
                 f"  remedy  sudo apt-get install {' '.join(missing)}; then run the script with "
                 "/usr/bin/python3, which has Debian's packages.")
