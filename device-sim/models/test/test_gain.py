# SPDX-License-Identifier: Apache-2.0
"""Tests of the registration of device models and of the policy file it wrote."""

import hashlib
import sys
import unittest
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent
POLICY = FOLDER.parent.parent / "config" / "policies" / "fashion.toml"
sys.path.insert(0, str(FOLDER))

try:
    import numpy as np
    import gain
except ImportError:
    np = None

try:
    import tomllib
except ImportError:
    tomllib = None


def answers(classes, confidences, count=4):
    """Probability rows that choose the given classes with the given confidences."""
    rows = np.zeros((len(classes), count), int)
    rows[np.arange(len(classes)), classes] = confidences
    return rows


@unittest.skipIf(np is None, "python3-numpy is not installed")
class GainTest(unittest.TestCase):
    def test_fit_pools_only_what_rises(self):
        found = gain.nonincreasing_fit([5.0, 1.0, 3.0, 0.0], [1.0, 1.0, 3.0, 1.0])
        np.testing.assert_allclose(found, [5.0, 2.5, 2.5, 0.0])

    def test_without_samples_the_table_is_chows_rule(self):
        none = np.zeros((0, 4), int)
        weights = np.full(gain.BINS, gain.PRIOR_WEIGHT)
        prior = 1 - (np.arange(gain.BINS) + 0.5) / gain.BINS
        np.testing.assert_allclose(gain.nonincreasing_fit(prior, weights), prior)
        self.assertEqual(0, len(none))

    def test_low_confidence_gains_where_only_the_edge_is_right(self):
        labels = np.array([1] * 40 + [2] * 40)
        local = answers([0] * 40 + [2] * 40, [110] * 40 + [250] * 40)
        edge = answers(labels, [240] * 80)
        table = gain.register(local, edge, labels).table
        self.assertGreater(table[110 >> 3], 200)
        self.assertLess(table[31], 10)
        self.assertTrue((np.diff(table) <= 0).all())

    def test_an_edge_model_that_is_worse_is_never_asked(self):
        labels = np.array([1] * 60)
        local, edge = answers(labels, [100] * 60), answers([0] * 60, [250] * 60)
        found = gain.register(local, edge, labels)
        self.assertLessEqual(found.rho, 0)
        self.assertEqual(0, found.table.max())

    def test_outcome_counts_shares_and_right_answers(self):
        labels = np.array([1, 1, 1, 1])
        local, edge = answers([0, 1, 1, 0], [40, 40, 250, 250]), answers(labels, [200] * 4)
        table = [255] * 16 + [0] * 16
        self.assertEqual((10, 0.5, 0.75), tuple(gain.outcome(local, edge, labels, table, 10)))


@unittest.skipIf(tomllib is None, "this Python has no tomllib")
class PolicyFileTest(unittest.TestCase):
    def setUp(self):
        self.policy = tomllib.loads(POLICY.read_text())

    def test_every_table_has_32_bytes_that_never_rise(self):
        for model in self.policy["task"]["fashion"]["model"]:
            with self.subTest(model["name"]):
                self.assertEqual(32, len(model["gain"]))
                self.assertTrue(all(0 <= value <= 255 for value in model["gain"]))
                self.assertEqual(sorted(model["gain"], reverse=True), model["gain"])

    def test_tables_belong_to_the_committed_models(self):
        for model in self.policy["task"]["fashion"]["model"]:
            suffix = "frbn" if "bonsai" in model["name"] else "tflite"
            data = (FOLDER / f"{model['name']}.{suffix}").read_bytes()
            self.assertEqual(hashlib.sha256(data).hexdigest(), model["sha256"])
        name, digest = self.policy["task"]["fashion"]["edge"].split("@sha256:")
        data = (FOLDER / f"{name}.tflite").read_bytes()
        self.assertEqual(hashlib.sha256(data).hexdigest(), digest)

    def test_the_policy_is_complete(self):
        task = self.policy["task"]["fashion"]
        self.assertEqual("local", self.policy["policy"]["fail_safe"])
        self.assertEqual("edge-only", task["privacy"])
        self.assertEqual({"payload", "latency", "load", "battery", "shift"}, set(task["price"]))
        self.assertTrue(all(0 <= value <= 255 for value in task["price"].values()))


if __name__ == "__main__":
    unittest.main()
