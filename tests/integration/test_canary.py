#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Labelled samples on a real site: pairs of models are measured and kept, a worse edge model is
refused and the one before serves on.
"""

import gzip
import os
import unittest

import fleet

DATA = "/usr/share/datasets/fashion-mnist"
SAMPLES = 300
IDX_IMAGES_HEAD = 16
IDX_LABELS_HEAD = 8
CONFLICT = 4


def read_head(name, size):
    with gzip.open(os.path.join(DATA, name)) as file:
        return file.read(size)


@fleet.needs("mosquitto")
@unittest.skipUnless(os.path.isdir(DATA), "not here: dataset-fashion-mnist")
class CanaryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = fleet.Site.of_class(cls)
        cls.site.define_task()
        cls.release = cls.site.import_release(fleet.RELEASE_1)
        images = read_head("t10k-images-idx3-ubyte.gz", IDX_IMAGES_HEAD + SAMPLES * 784)
        labels = read_head("t10k-labels-idx1-ubyte.gz", IDX_LABELS_HEAD + SAMPLES)
        cls.inputs = os.path.join(cls.site.folder, "images.idx")
        cls.labels = os.path.join(cls.site.folder, "labels.txt")
        with open(cls.inputs, "wb") as file:
            file.write(images[:4] + SAMPLES.to_bytes(4, "big") + images[8:])
        with open(cls.labels, "w", encoding="utf-8") as file:
            file.writelines(f"{label}\n" for label in labels[IDX_LABELS_HEAD:])

    def options(self):
        return ("--release", self.release, "--inputs", self.inputs, "--labels", self.labels)

    def serving(self):
        return self.site.request("GET", "/api/v1/tasks").json()["edge_models"][0]["name"]

    def test_pairs_are_measured(self):
        told = self.site.control("task", "canary", "fashion", *self.options())
        self.assertEqual({"tiny", "m4", "esp32"}, {pair["device_class"] for pair in told["pairs"]})
        for pair in told["pairs"]:
            self.assertEqual(SAMPLES, pair["samples"])
            self.assertGreater(pair["edge_right"], pair["local_right"])
            self.assertGreater(pair["rho"], 0.3)
            self.assertIsNone(pair["before_right"])
            self.assertEqual(32, len(pair["gain_q8"]))
            self.assertGreater(pair["gain_q8"][0], pair["gain_q8"][31])

    def test_learning_begins_from_the_figures(self):
        self.site.control("policy", "set", fleet.TASK, fleet.POLICY, "--release", self.release, "--at-once")

        def registered():
            self.site.control("task", "canary", fleet.TASK, *self.options())
            return self.site.rows("SELECT device_class FROM learning ORDER BY device_class")
        rows = fleet.wait_for("the learner knows the policy", registered, 30, 1)
        self.assertEqual([("esp32",), ("m4",), ("tiny",)], rows)
        kept = self.site.rows("SELECT actor, figures FROM canary")
        self.assertEqual(2, len(kept), "m4 and esp32 run the same model")
        self.assertTrue(all("300 samples" in figures for _, figures in kept), kept)
        audited = self.site.rows("SELECT count(*) FROM audit WHERE action = 'task.canary'")
        self.assertGreaterEqual(audited[0][0], 3)

    def test_a_worse_edge_model_is_refused(self):
        worse = os.path.join(fleet.MODELS, "fashion-tiny-1.tflite")
        refused = self.site.control_raw("task", "set-edge-model", fleet.TASK, worse, *self.options())
        self.assertEqual(CONFLICT, refused.returncode, refused.stderr)
        self.assertIn("gains nothing", refused.stderr)
        self.assertEqual("fashion-edge.tflite", self.serving())

        self.site.control("task", "set-edge-model", fleet.TASK, worse)
        self.assertEqual("fashion-tiny-1.tflite", self.serving(), "without samples it serves unmeasured")
        better = os.path.join(fleet.MODELS, "fashion-edge.tflite")
        told = self.site.control("task", "set-edge-model", fleet.TASK, better, *self.options())
        self.assertGreater(told["pairs"][0]["edge_right"], told["pairs"][0]["before_right"])
        self.assertEqual("fashion-edge.tflite", self.serving())

    def test_samples_that_do_not_fit_are_refused(self):
        refused = self.site.control_raw("task", "canary", fleet.TASK, "--release", self.release,
                                        "--inputs", self.labels, "--labels", self.labels)
        self.assertNotEqual(0, refused.returncode)
        self.assertIn("inputs", refused.stderr)


if __name__ == "__main__":
    fleet.run_tests()
