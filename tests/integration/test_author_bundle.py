#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A release signed by its author reaches devices over a gateway that never holds the release key.

A workstation's folder has the key, the gateway has release.pub: build, import, roll out, and back
by a permit. Then what a gateway must refuse, on the real processes.
"""

import hashlib
import json
import os
import subprocess
import unittest

import fleet

RECIPE = """name = "round"

[[stage]]
kind = "round-scales"
mantissa_bits = 12
"""


class Workstation:
    """A folder with the author's key; talks to no gateway."""

    def __init__(self, folder):
        self.folder = folder
        os.mkdir(folder)
        self.key = self.run("key", "generate", self.path("release.key"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, *arguments):
        done = self.run_raw(*arguments)
        if done.returncode != 0:
            raise fleet.FleetError(f"frugalctl {arguments[:3]} failed:\n{done.stderr}")
        return json.loads(done.stdout)

    def run_raw(self, *arguments):
        return subprocess.run([fleet.program("frugalctl"), "--json", *map(str, arguments)],
                              capture_output=True, text=True, timeout=60, check=False)

    def build(self, name, files, number, *options):
        variants = []
        for device_class, file in files.items():
            variants += ["--variant", f"{device_class}={os.path.join(fleet.MODELS, file)}"]
        output = self.path(name)
        self.run("model", "build", "fashion", "--key", self.key["key"], "--task", fleet.TASK,
                 "--release", number, *variants, *options, "-o", output)
        return output


@fleet.needs("mosquitto")
class AuthorBundle(unittest.TestCase):
    def setUp(self):
        self.site = self.enterContext(fleet.Site())
        self.author = Workstation(os.path.join(self.site.folder, "workstation"))
        # The site trusts the author's key and holds no private one.
        os.remove(os.path.join(self.site.directory, "release.key"))
        with open(self.author.key["public_key"], "rb") as public_key:
            content = public_key.read()
        with open(os.path.join(self.site.directory, "release.pub"), "wb") as trusted:
            trusted.write(content)
        self.site.start_all()
        self.site.define_task()

    def refuse(self, bundle, *words, status=None):
        before = self.site.rows("SELECT count(*) FROM release")
        done = self.site.control_raw("model", "import", bundle)
        self.assertNotEqual(0, done.returncode)
        if status is not None:
            self.assertEqual(status, done.returncode, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertEqual(before, self.site.rows("SELECT count(*) FROM release"))

    def test_devices_run_what_the_author_signed_and_go_back_by_a_permit(self):
        swarm = fleet.Swarm(self.site, "tiny:1,m4:2")
        first = self.author.build("one.frugal", fleet.RELEASE_1, 1)
        second = self.author.build("two.frugal", fleet.RELEASE_2, 2, "--counter", 7)
        self.assertEqual({"model": "fashion", "release": 1},
                         {key: value for key, value in
                          self.site.control("model", "import", first).items() if key != "schema"})
        swarm.start()
        swarm.wait_confirmed(self.site.roll_out("fashion@1"))
        swarm.child.stop()
        self.site.control("model", "import", second)
        rollout = self.site.roll_out("fashion@2")
        watched = self.site.control_raw("rollout", "watch", rollout, "--within", 0)
        self.assertEqual(8, watched.returncode, "nobody takes it yet: " + watched.stderr)
        self.assertIn(f"rollout abort {rollout}", watched.stderr)
        swarm.start()
        swarm.wait_confirmed(rollout)
        self.assertEqual(0, self.site.control_raw("rollout", "watch", rollout).returncode)

        refused = self.site.control_raw("rollout", "rollback", rollout)
        self.assertEqual(4, refused.returncode, refused.stderr)
        for word in ("model permit", "--release 3 --counter 8"):
            self.assertIn(word, refused.stderr)
        permit = self.author.path("permit.frugal")
        self.author.run("model", "permit", first, "--key", self.author.key["key"],
                        "--release", 3, "--counter", 8, "-o", permit)
        back = self.site.control("rollout", "rollback", rollout, "--permit", permit)
        swarm.wait_confirmed(back["answer"]["rollout"])
        swarm.child.stop()
        self.assertEqual(0, len([device for device in swarm.names
                                 if self.site.device(device)["state"] != "enrolled"]))

    def test_a_bundle_tells_how_it_came_to_be(self):
        source = os.path.join(fleet.MODELS, "fashion-small-1.tflite")
        with open(self.author.path("round.toml"), "w", encoding="utf-8") as recipe:
            recipe.write(RECIPE)
        with open(self.author.path("inputs.bin"), "wb") as inputs:
            inputs.write(bytes((7 * i * i + i // 3) % 256 for i in range(8 * 784)))
        small = self.author.path("small.tflite")
        report = self.author.run("model", "compress", source, "--recipe",
                                 self.author.path("round.toml"), "--calibration",
                                 self.author.path("inputs.bin"), "-o", small)
        with open(self.author.path("report.json"), "w", encoding="utf-8") as file:
            json.dump(report, file)
        bundle = self.author.build("told.frugal", {"any": small}, 1, "--report",
                                   self.author.path("report.json"), "--data", source,
                                   "--task-name", "fashion", "--labels", fleet.LABELS)
        shown = self.author.run("model", "inspect", bundle, "--key",
                                self.author.key["public_key"])
        self.assertTrue(shown["verifies"])
        told = shown["variants"][0]["provenance"]
        self.assertEqual(report["source_sha256"], told["source_sha256"])
        self.assertEqual(["as given", "round-scales"],
                         [stage["kind"] for stage in told["stages"]])
        self.assertEqual(RECIPE, told["recipe_text"])
        self.assertEqual(8, told["evaluation"]["inputs"])
        self.assertIsNone(told["evaluation"]["accuracy_after"], "there were no labels")
        with open(source, "rb") as file:
            data = hashlib.sha256(file.read()).hexdigest()
        self.assertEqual(data, shown["variants"][0]["data_sha256"])
        self.site.control("model", "import", bundle)
        variant = self.site.control("model", "show", "fashion@1")["variants"][0]
        self.assertEqual(data, variant["data_digest"])
        self.assertEqual(("round", 8), (variant["provenance"]["recipe"],
                                        variant["provenance"]["evaluated_inputs"]))
        wrong = self.author.run_raw(
            "model", "build", "fashion", "--key", self.author.key["key"], "--task", 1, "--release",
            2, "--variant", "any=" + source, "--report", self.author.path("report.json"),
            "-o", self.author.path("wrong.frugal"))
        self.assertEqual(4, wrong.returncode)
        self.assertIn("another model", wrong.stderr)

    def test_bad_bundles_leave_nothing_behind(self):
        good = self.author.build("good.frugal", {"any": "fashion-small-1.tflite"}, 2)
        with open(good, "rb") as file:
            whole = file.read()

        def variant(name, content):
            path = self.author.path(name)
            with open(path, "wb") as file:
                file.write(content)
            return path

        self.refuse(variant("short", whole[:-1]), "cut short")
        self.refuse(variant("empty", b""), "bundle")
        at = len(whole) // 2
        self.refuse(variant("changed", whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:]),
                    "not the one that was signed", status=5)
        self.refuse(variant("large", whole + bytes(33 * 1024 * 1024)), "too long")
        stranger = Workstation(os.path.join(self.site.folder, "stranger"))
        self.refuse(stranger.build("s.frugal", {"any": "fashion-small-1.tflite"}, 1),
                    "another key", status=5)
        other_task = self.author.build("t.frugal", {"any": "fashion-small-1.tflite"}, 1,
                                       "--task-name", "keyword")
        self.refuse(other_task, "keyword", status=4)
        self.site.control("model", "import", good)
        again = self.site.request("POST", "/api/v1/bundles", whole,
                                  "application/vnd.frugal.bundle")
        self.assertEqual((200, {"model": "fashion", "release": 2}), (again.status, again.json()))
        self.assertEqual([(1,)], self.site.rows("SELECT count(*) FROM release"))
        self.refuse(self.author.build("else.frugal", {"any": "fashion-small-2.tflite"}, 2),
                    "--counter 3", status=4)
        self.refuse(self.author.build("old.frugal", {"any": "fashion-small-2.tflite"}, 1),
                    "release 3 and counter 3", status=4)


if __name__ == "__main__":
    fleet.run_tests()
