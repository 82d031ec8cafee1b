#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`frugalctl model inspect`, `model run` and `model compress` on real, foreign and broken files, without a daemon.

Each file is runnable or refused by the name of what is missing; nothing crashes or hangs. Foreign
files are looked for in ../shared/models (or FRUGAL_SHARED_DIR/models) and never copied.
"""

import glob
import json
import os
import random
import re
import subprocess
import tempfile
import unittest

import fleet

SHARED = os.environ.get("FRUGAL_SHARED_DIR", os.path.join(os.path.dirname(fleet.ROOT), "shared"))
SEED = int(os.environ.get("FRUGAL_SEED", "1"))
MUTATIONS = int(os.environ.get("FRUGAL_MUTATIONS", "240"))
LIMIT_S = 60


def control(*arguments):
    return subprocess.run([fleet.program("frugalctl"), "--json", "model", *arguments],
                          capture_output=True, text=True, timeout=LIMIT_S, check=False)


@fleet.needs()
class OfflineModelsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="frugal-it-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def assert_ended_well(self, done):
        """Done, or refused with a text; never by a signal."""
        self.assertIn(done.returncode, range(0, 10), (done.returncode, done.stderr[-500:]))
        if done.returncode == 0:
            return json.loads(done.stdout)
        self.assertTrue(done.stderr.startswith("error: "), done.stderr)
        self.assertNotIn("Sanitizer", done.stderr)
        return None

    def check_model(self, path):
        """Returns whether the device runtime runs it."""
        summary = self.assert_ended_well(control("inspect", path))
        self.assertIsNotNone(summary, path)
        self.assertTrue(summary["operators"])
        self.assertTrue(summary["inputs"] and summary["outputs"])
        self.assertEqual(os.path.getsize(path), summary["size_bytes"])
        inputs = os.path.join(self.folder, "input")
        with open(inputs, "wb") as file:
            file.write(bytes(sum(tensor["size_bytes"] for tensor in summary["inputs"])))
        ran = control("run", path, "--input", inputs)
        if summary["gateway_runnable"]:
            result = self.assert_ended_well(ran)
            self.assertIsNotNone(result, ran.stderr)
            self.assertEqual([tensor["shape"] for tensor in summary["outputs"]],
                             [tensor["shape"] for tensor in result["outputs"]])
            self.assertTrue(all(tensor["data"] for tensor in result["outputs"]))
        else:
            self.assertNotEqual(0, ran.returncode)
            self.assert_ended_well(ran)
        runs = summary["runnable"] or summary["gateway_runnable"]
        self.assertEqual(runs, summary["multiply_accumulates"] is not None)
        self.assertEqual(runs, not summary["arena_is_estimate"])
        places = {operator["runs_on"] for operator in summary["operators"]}
        if None in places:  # something else in the model stops the runtime before it asks
            self.assertEqual((False, {None}), (runs, places), summary["operators"])
        else:
            self.assertEqual(summary["runnable"], places == {"device"}, summary["operators"])
            self.assertEqual(runs, "nothing" not in places, summary["operators"])
        if not summary["runnable"]:
            self.assertTrue(all(summary["missing"]), summary["missing"])
            self.assertTrue(summary["missing"])
        return summary["runnable"]

    def test_the_project_s_models_run(self):
        for path in sorted(glob.glob(os.path.join(fleet.MODELS, "*.tflite"))):
            with self.subTest(os.path.basename(path)):
                self.assertTrue(self.check_model(path))

    def test_foreign_models_run_or_are_refused_by_name(self):
        paths = sorted(glob.glob(os.path.join(SHARED, "models", "**", "*.tflite"),
                                 recursive=True))
        if not paths:
            self.skipTest("not here: " + os.path.join(SHARED, "models"))
        runnable = 0
        for path in paths:
            with self.subTest(os.path.relpath(path, SHARED)):
                runnable += self.check_model(path)
        print(f"{len(paths)} foreign models, {runnable} runnable, {len(paths) - runnable} refused")

    def test_broken_models_are_refused_or_run(self):
        chance = random.Random(SEED)
        sources = sorted(glob.glob(os.path.join(fleet.MODELS, "*.tflite")))
        refused = 0
        path = os.path.join(self.folder, "broken.tflite")
        inputs = os.path.join(self.folder, "input")
        with open(inputs, "wb") as file:
            file.write(bytes(784))
        for number in range(MUTATIONS):
            with open(chance.choice(sources), "rb") as file:
                content = bytearray(file.read())
            what = self.mutate(content, chance)
            with open(path, "wb") as file:
                file.write(content)
            with self.subTest(number=number, what=what):
                arguments = ("inspect", path) if number % 2 else ("run", path, "--input", inputs)
                refused += self.assert_ended_well(control(*arguments)) is None
        print(f"{MUTATIONS} broken models, {refused} refused")
        self.assertGreater(refused, MUTATIONS // 10)

    @staticmethod
    def mutate(content, chance):
        kind = chance.choice(("cut", "flip", "flip", "overwrite", "structure", "structure"))
        if kind == "cut":
            del content[chance.randrange(len(content)):]
        elif kind == "flip":
            for _ in range(chance.choice((1, 8, 200))):
                content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        elif kind == "overwrite":
            start = chance.randrange(len(content))
            length = min(chance.choice((4, 64, 1024)), len(content) - start)
            content[start:start + length] = chance.randbytes(length)
        else:
            # A word of the last 3 kB, where this writer puts tables, becomes an extreme value.
            place = len(content) - 4 * chance.randrange(1, 750)
            content[place:place + 4] = chance.choice(
                (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80",
                 b"\1\0\0\0", b"\0\0\1\0"))
        return kind

    def test_files_that_are_no_models(self):
        for name, content in {"empty": b"", "text": b"hello\n", "zeros": bytes(4096),
                              "magic": b"\x1c\0\0\0TFL3" + bytes(64)}.items():
            path = os.path.join(self.folder, name)
            with open(path, "wb") as file:
                file.write(content)
            for arguments in (("inspect", path), ("run", path, "--input", path)):
                with self.subTest(name, command=arguments[0]):
                    self.assertIsNone(self.assert_ended_well(control(*arguments)))
        for arguments in (("inspect", "/nonexistent"), ("inspect", self.folder),
                          ("run", "/nonexistent", "--input", "/nonexistent")):
            self.assertIsNone(self.assert_ended_well(control(*arguments)))

    def compress_near_base(self, recipe, *options):
        """A second version of a network brought near the first, from inputs that mean nothing."""
        inputs, text = (os.path.join(self.folder, name) for name in ("inputs", "recipe.toml"))
        with open(inputs, "wb") as file:
            file.write(random.Random(SEED).randbytes(16 * 784))
        with open(text, "w", encoding="utf-8") as file:
            file.write(recipe)
        output = os.path.join(self.folder, "near.tflite")
        new, old = (os.path.join(fleet.MODELS, f"fashion-small-{number}.tflite") for number in (2, 1))
        done = control("compress", new, "--base", old, "--calibration", inputs, "--recipe", text, *options, "-o", output)
        return done, output, old

    def test_a_version_near_its_base_travels_as_a_smaller_delta(self):
        stage = '[[stage]]\nkind = "delta"\nlambda = 1e-4\n'
        done, output, old = self.compress_near_base(stage)
        report = self.assert_ended_well(done)
        self.assertLess(report["delta_bytes"], report["delta_bytes_before"] / 2)
        self.assertEqual(64, len(report["base_sha256"]))
        packed = self.assert_ended_well(
            control("pack", output, "--base", old, "-o", os.path.join(self.folder, "packed")))
        self.assertEqual(report["delta_bytes"], packed["packed_bytes"])
        self.assertTrue(self.check_model(output))
        os.remove(output)
        refused, output, _ = self.compress_near_base(stage + "[gate]\nmin_output_snr_db = 90\n")
        self.assertEqual(4, refused.returncode, refused.stderr)
        self.assertIn("gate: output_snr_db", refused.stderr)
        self.assertFalse(os.path.exists(output))

    @staticmethod
    def fields_of(document, without=()):
        """All keys, at any depth; those under `without` are names, not fields."""
        if isinstance(document, list):
            return {name for one in document for name in OfflineModelsTest.fields_of(one, without)}
        if not isinstance(document, dict):
            return set()
        nested = {name for key, value in document.items() if key not in without
                  for name in OfflineModelsTest.fields_of(value, without)}
        return set(document) | nested

    def bundles(self, model, report):
        """A bundle with the story of its model and a permit, as they are made and as they are read."""
        key, told, bundle, permit = (os.path.join(self.folder, name) for name in
                                     ("release.key", "report.json", "bundle", "permit"))
        with open(told, "w", encoding="utf-8") as file:
            file.write(report)
        made = subprocess.run([fleet.program("frugalctl"), "key", "generate", key],
                              capture_output=True, text=True, timeout=LIMIT_S, check=False)
        self.assertEqual(0, made.returncode, made.stderr)
        return [control("build", "fashion", "--key", key, "--task", "1", "--release", "1", "--variant", f"any={model}",
                        "--report", told, "--data", told, "--labels", fleet.LABELS, "-o", bundle),
                control("permit", bundle, "--key", key, "--release", "2", "--counter", "2", "-o", permit),
                control("inspect", bundle), control("inspect", permit)]

    def test_the_reference_names_every_field(self):
        with open(os.path.join(fleet.ROOT, "docs/reference/frugalctl-model.md"), encoding="utf-8") as file:
            told = set(re.findall(r"`(\w+)`", file.read()))
        model = os.path.join(fleet.MODELS, "fashion-small-1.tflite")
        tree = os.path.join(fleet.MODELS, "fashion-bonsai.frbn")
        labels, packed = (os.path.join(self.folder, name) for name in ("labels", "packed"))
        with open(labels, "w", encoding="utf-8") as file:
            file.write("0\n" * 16)
        compressed, output, _ = self.compress_near_base('[[stage]]\nkind = "strip"\n', "--labels", labels)
        documents = [control("inspect", model), control("inspect", tree), compressed,
                     control("pack", model, "--strip", "--base", output, "-o", packed),
                     control("unpack", packed, "--base", output, "-o", os.path.join(self.folder, "again")),
                     *self.bundles(output, compressed.stdout)]
        for done in documents:
            fields = self.fields_of(self.assert_ended_well(done), without=("parameters",))
            self.assertEqual(set(), fields - told)
        wrong = control("pack", model, "--out", packed)
        self.assertEqual(2, wrong.returncode)
        self.assertIn("did you mean --output?", wrong.stderr)

    def test_an_input_of_the_wrong_size_is_refused(self):
        path = os.path.join(fleet.MODELS, "fashion-small-1.tflite")
        for size in (0, 783, 785):
            inputs = os.path.join(self.folder, "input")
            with open(inputs, "wb") as file:
                file.write(bytes(size))
            done = control("run", path, "--input", inputs)
            self.assertIsNone(self.assert_ended_well(done))
            self.assertIn("784", done.stderr)


if __name__ == "__main__":
    fleet.run_tests()
