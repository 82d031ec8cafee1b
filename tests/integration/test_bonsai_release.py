#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A Bonsai tree over the air: uploaded or in its author's bundle, rolled out, run, confirmed.

The trees are the trained one of the project and one with other scores; devices of class m4 get a
.tflite in the same release, so both forms travel side by side.
"""

import os
import unittest

import fleet
from test_author_bundle import Workstation

TREE = "fashion-bonsai.frbn"
SMALL = "fashion-small-1.tflite"


@fleet.needs("mosquitto")
class BonsaiRelease(unittest.TestCase):
    def setUp(self):
        self.site = self.enterContext(fleet.Site())
        self.tuned = os.path.join(self.site.folder, "tuned.frbn")
        with open(os.path.join(fleet.MODELS, TREE), "rb") as file:
            tree = bytearray(file.read())
        for place in range(len(tree) - 300, len(tree), 25):
            tree[place] ^= 1
        with open(self.tuned, "wb") as file:
            file.write(tree)

    def roll_out(self, release):
        """Without a policy: the changed tree has no gain table."""
        return self.site.control("rollout", "start", release)["rollout"]

    def variant(self, release, device_class):
        listed = self.site.control("model", "list")["releases"]
        model, number = release.split("@")
        [found] = [one for one in listed
                   if (one["model"], str(one["release"])) == (model, number)]
        [variant] = [one for one in found["variants"] if one["device_class"] == device_class]
        return variant

    def test_uploaded_trees_are_confirmed_and_the_second_travels_as_a_delta(self):
        self.site.start_all()
        self.site.define_task()
        swarm = fleet.Swarm(self.site, "tiny:2,m4:1")
        first = self.site.import_release({"tiny": TREE, "m4": SMALL})
        swarm.start()
        swarm.wait_confirmed(self.site.roll_out(first))
        fleet.wait_for("a tree's decisions", lambda: self.site.decisions_of("tiny-0001"))

        second = self.site.import_release({"any": self.tuned})
        artifacts = self.variant(second, "any")["artifacts"]
        deltas = [one["size_bytes"] for one in artifacts if one["base_digest"]]
        full = [one["size_bytes"] for one in artifacts if not one["base_digest"]]
        self.assertLess(min(deltas), min(full) / 3)
        fits = self.site.control("model", "fit", second)
        self.assertEqual((3, 3), (fits["devices_fitting"], fits["devices_known"]))
        rollout = self.roll_out(second)
        swarm.wait_confirmed(rollout)
        swarm.child.stop()
        self.assertEqual({"confirmed": 3}, self.site.rollout_states(rollout))

    def test_an_authors_bundle_of_a_tree_is_confirmed(self):
        author = Workstation(os.path.join(self.site.folder, "workstation"))
        os.remove(os.path.join(self.site.directory, "release.key"))
        os.replace(author.key["public_key"], os.path.join(self.site.directory, "release.pub"))
        self.site.start_all()
        self.site.define_task()
        bundle = author.build("tree.frugal", {"any": TREE}, 1, "--base", "any=" + self.tuned)
        swarm = fleet.Swarm(self.site, "tiny:1")
        self.site.control("model", "import", bundle)
        swarm.start()
        swarm.wait_confirmed(self.roll_out("fashion@1"))
        swarm.child.stop()

    def test_a_damaged_tree_is_refused_by_name(self):
        self.site.start_all()
        self.site.define_task()
        with open(self.tuned, "r+b") as file:
            file.truncate(1000)
        done = self.site.control_raw("model", "import", "fashion", "--task", "fashion",
                                     "--variant", "tiny=" + self.tuned)
        self.assertNotEqual(0, done.returncode)
        self.assertIn("variant for device class tiny: model: Bonsai container is cut short",
                      done.stderr)
        self.assertEqual([(0,)], self.site.rows("SELECT count(*) FROM release"))


if __name__ == "__main__":
    fleet.run_tests()
