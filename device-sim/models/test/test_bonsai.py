# SPDX-License-Identifier: Apache-2.0
"""The Bonsai container written, read and computed in Python, and the committed models."""

import hashlib
import json
import sys
import unittest
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(FOLDER))

try:
    import numpy as np

    import bonsai_format
except ImportError:
    np = None


@unittest.skipIf(np is None, "python3-numpy is not installed")
class BonsaiTest(unittest.TestCase):
    def test_rows_survive_the_coding(self):
        chance = np.random.RandomState(1)
        for density in (0.0, 0.02, 0.3, 1.0):
            row = chance.randint(-8, 8, 400) * (chance.rand(400) < density)
            decoded = bonsai_format.decode_row(bonsai_format.encode_row(row), 400)
            self.assertEqual(row.tolist(), decoded.tolist())

    def test_the_committed_models_are_what_their_figures_say(self):
        figures = json.loads((FOLDER / "bonsai.json").read_text())
        self.assertEqual(2, len(figures))
        for one in figures:
            with self.subTest(one["file"]):
                data = (FOLDER / one["file"]).read_bytes()
                self.assertEqual(one["bytes"], len(data))
                self.assertLessEqual(len(data), 2048)
                self.assertEqual(one["sha256"], hashlib.sha256(data).hexdigest())
                model = bonsai_format.read(data)
                self.assertEqual(data, bonsai_format.write(model))
                self.assertEqual(one["golden"], bonsai_format.golden_digest(model))

    def test_confidences_are_those_of_the_device(self):
        # What frugalctl model run, the device's own code, gives for the golden inputs.
        expected = {"fashion": [(8, 254), (8, 141), (0, 227), (0, 141), (8, 196), (0, 193),
                                (1, 185), (6, 174)],
                    "mnist-2": [(1, 236)] + 7 * [(1, 255)]}
        for name, answers in expected.items():
            with self.subTest(name):
                model = bonsai_format.read((FOLDER / f"{name}-bonsai.frbn").read_bytes())
                inputs = bonsai_format.golden_inputs(model, len(answers))
                classes, sure = bonsai_format.confidences(model, inputs)
                self.assertEqual(answers, list(zip(classes.tolist(), sure.tolist())))

    def test_broken_containers_are_refused(self):
        data = (FOLDER / "fashion-bonsai.frbn").read_bytes()
        for broken in (b"XXXX" + data[4:], data + b"\0", data[:15]):
            with self.assertRaises((ValueError, bonsai_format.struct.error)):
                bonsai_format.read(broken)


if __name__ == "__main__":
    unittest.main()
