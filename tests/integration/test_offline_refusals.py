#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the offline model commands say of files that are broken, mistaken for others, or in the way.

Every refusal names what, where and what to do; none ends by a signal or writes over its input.
"""

import json
import os
import struct
import subprocess
import tempfile
import unittest

import fleet
from test_offline_models import control

SMALL = os.path.join(fleet.MODELS, "fashion-small-1.tflite")
TREE = os.path.join(fleet.MODELS, "fashion-bonsai.frbn")
INT8 = os.path.join(fleet.ROOT, "config/recipes/int8.toml")
LABELS = "a,b,c,d,e,f,g,h,i,j"


@fleet.needs()
class OfflineRefusalsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="frugal-it-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.inputs = self.write("inputs", bytes(784 * 4))
        self.output = os.path.join(self.folder, "output")

    def write(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def read(self, path):
        with open(path, "rb") as file:
            return file.read()

    def refused(self, *arguments, words, status=None):
        done = control(*arguments)
        with self.subTest(arguments[0], words=words):
            self.assertTrue(done.stderr.startswith("error: "), (done.returncode, done.stderr))
            self.assertIn(done.returncode, [status] if status else range(1, 10), done.stderr)
            for word in words:
                self.assertIn(word, done.stderr)
            self.assertFalse(os.path.exists(self.output))
        return done.stderr

    def compress(self, model, *more, inputs=None):
        return ("compress", model, "--calibration", inputs or self.inputs, "--recipe", INT8,
                "-o", self.output, *more)

    def test_one_finding_whichever_command_reads_the_file(self):
        content = bytearray(self.read(SMALL))
        root = struct.unpack_from("<I", content)[0]
        fields = root - struct.unpack_from("<i", content, root)[0]
        subgraphs = root + struct.unpack_from("<H", content, fields + 8)[0]
        struct.pack_into("<I", content, subgraphs, 0x7000000)
        broken = self.write("broken.tflite", content)
        for arguments in (("inspect", broken), ("run", broken, "--input", self.inputs),
                          self.compress(broken), ("pack", broken, "--strip", "-o", self.output),
                          ("export", broken, "--c", "-o", os.path.join(self.folder, "o.c"))):
            self.refused(*arguments, words=("broken.tflite", "the model's subgraphs leads to byte"))

    def test_a_mistaken_file_is_called_by_its_name(self):
        for name, content, word in (("empty", b"", "the file is empty"),
                                    ("text", b"name = 7\nlabel\n", "it is a text"),
                                    ("tree", self.read(TREE), "it is a Bonsai tree")):
            path = self.write(name, content)
            self.refused(*self.compress(path), words=(name, "not a .tflite file", word))
            if name != "tree":
                for arguments in (("inspect", path), ("run", path, "--input", self.inputs)):
                    self.refused(*arguments, words=(name, "not a .tflite file", word))

    def test_inputs_and_options_that_cannot_be_meant(self):
        header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (), }\n"
        scalar = self.write("scalar.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(4))
        self.refused(*self.compress(SMALL, inputs=scalar), words=("scalar.npy", "a single number"))
        self.refused(*self.compress(SMALL, "--evaluation", scalar), words=("scalar.npy", "a single number"))
        done = control(*self.compress(SMALL, "--calibration-limit", "-3"))
        self.assertEqual(2, done.returncode, done.stderr)
        self.assertIn("no whole number", done.stderr)

    def test_an_output_is_never_an_input(self):
        content = self.read(SMALL)
        model = self.write("model.h", content)
        self.refused("export", model, "--c", "-o", os.path.join(self.folder, "model.c"),
                     words=("model.h: is also an input",))
        self.assertEqual(content, self.read(model))

    def keys(self):
        key = os.path.join(self.folder, "release.key")
        subprocess.run([fleet.program("frugalctl"), "key", "generate", key], check=True,
                       capture_output=True)
        return key, os.path.join(self.folder, "release.pub")

    def build(self, key, labels=LABELS):
        return ("build", "fashion", "--key", key, "--task", "1", "--release", "1", "--variant",
                "any=" + SMALL, "--labels", labels, "-o", self.output)

    def test_bundles_and_keys(self):
        key, public = self.keys()
        self.refused(*self.build(public), words=("is the public half",))
        self.refused(*self.build(key, "a,a,c,d,e,f,g,h,i,j"), words=('two classes have the label "a"',))
        self.assertEqual(0, control(*self.build(key)).returncode)
        bundle = self.read(self.output)
        os.remove(self.output)
        whole = self.write("whole.frugal", bundle)
        self.refused("inspect", whole, "--key", key, words=("is the private half", "remedy"))
        for place in (30, 60, 90, 120, 150):
            altered = self.write("altered.frugal", bundle[:place] + bytes([bundle[place] ^ 0x55]) + bundle[place + 1:])
            self.refused("inspect", altered, "--key", public, words=("altered.frugal", "remedy"))

    def test_a_key_verifies_bundles_only(self):
        _, public = self.keys()
        for path in (SMALL, TREE):
            self.refused("inspect", path, "--key", public,
                         words=(path, "--key has nothing to verify", "no release bundle", "remedy"))

    def test_a_bundle_does_not_contradict_its_report(self):
        key, public = self.keys()
        labels = self.write("labels", b"8\n8\n8\n1\n")
        small = os.path.join(self.folder, "small.tflite")
        done = control("compress", SMALL, "--calibration", self.inputs, "--labels", labels,
                       "--recipe", self.write("r.toml", b'name = "r"\n[[stage]]\nkind = "strip"\n'),
                       "-o", small)
        self.assertEqual(0, done.returncode, done.stderr)
        report = json.loads(done.stdout)
        report["evaluation"]["accuracy_after"] = 0.9075
        told = self.write("report.json", json.dumps(report).encode())

        def build(variant, report):
            return ("build", "fashion", "--key", key, "--task", "1", "--release", "1", "--variant",
                    f"{variant}={small}", "--report", report, "-o", self.output)

        self.refused(*build("m4@9900", told), status=4,
                     words=("m4@9900", "report.json says another accuracy", "99.00 %", "90.75 %", "remedy"))
        self.assertEqual(0, control(*build("m4@9075", told)).returncode)
        os.remove(self.output)
        self.assertEqual(0, control(*build("m4", told)).returncode)
        shown = json.loads(control("inspect", self.output, "--key", public).stdout)
        self.assertEqual(9075, shown["variants"][0]["accuracy_permyriad"])
        os.remove(self.output)
        report["stages"].insert(0, {})
        self.refused(*build("m4", self.write("odd.json", json.dumps(report).encode())),
                     words=("odd.json: not a whole report", "stage 1 has no kind"))

    def test_an_option_that_is_missing_is_told_with_the_command(self):
        done = control("compress", SMALL, "--calibration", self.inputs, "--recipe", INT8)
        self.assertEqual(2, done.returncode)
        for word in ("error: frugalctl model compress: --output is required", "remedy", "--help"):
            self.assertIn(word, done.stderr)

    def test_files_that_are_not_packed_or_cannot_be(self):
        for name, content in (("text", b"hello\n"), ("empty", b""), ("tree", self.read(TREE))):
            path = self.write(name, content)
            self.refused("unpack", path, "-o", self.output, words=(name + ": is no packed file", "remedy"))
        packed = os.path.join(self.folder, "packed")
        self.assertEqual(0, control("pack", SMALL, "-o", packed).returncode)
        cut = self.write("cut", self.read(packed)[:-7])
        told = self.refused("unpack", cut, "-o", self.output, words=("cut: the packed file is damaged", "remedy"))
        self.assertNotIn("send", told)
        for name, content in (("nothing", b""), ("huge", bytes(5 << 20))):
            self.refused("pack", self.write(name, content), "-o", self.output, words=(name, "remedy"))

    def test_a_tree_is_packed_as_it_is(self):
        done = control("pack", TREE, "--strip", "-o", self.output)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("packed as it is", done.stderr)
        inspected, ran = (json.loads(control(*arguments).stdout) for arguments in (
            ("inspect", TREE), ("run", TREE, "--input", self.write("one", bytes(784)))))
        self.assertEqual(inspected["arena_bytes"], ran["arena_bytes"])

    def test_a_figure_that_a_stage_does_not_have_is_null(self):
        recipe = self.write("share.toml", b'[[stage]]\nkind = "share"\nbits = 4\n')
        done = control("compress", SMALL, "--calibration", self.inputs, "--recipe", recipe, "-o", self.output)
        self.assertEqual(0, done.returncode, done.stderr)
        for layer in json.loads(done.stdout)["stages"][0]["layers"]:
            self.assertEqual([None, None], [layer["step"], layer["bits_per_weight"]])


if __name__ == "__main__":
    fleet.run_tests()
