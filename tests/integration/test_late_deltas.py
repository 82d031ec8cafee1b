#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Deltas that nobody could make at the import, because devices ran something else or nothing then.

Three releases come in before a device runs any of them. The first travels in full. The second has
no delta until its rollout starts, the third none until its bundle is imported again; both then
travel as deltas, and a gateway that starts anew still has them.
"""

import os
import unittest

import fleet
from test_author_bundle import Workstation

TREE = "fashion-bonsai.frbn"


@fleet.needs("mosquitto")
class LateDeltas(unittest.TestCase):
    def setUp(self):
        self.site = self.enterContext(fleet.Site())
        self.author = Workstation(os.path.join(self.site.folder, "workstation"))
        os.remove(os.path.join(self.site.directory, "release.key"))
        with open(self.author.key["public_key"], "rb") as public_key:
            content = public_key.read()
        with open(os.path.join(self.site.directory, "release.pub"), "wb") as trusted:
            trusted.write(content)
        self.site.start_all()
        self.site.define_task()

    def bundle(self, number):
        """fashion@number: the project's tree with other scores."""
        with open(os.path.join(fleet.MODELS, TREE), "rb") as file:
            tree = bytearray(file.read())
        for place in range(len(tree) - 300, len(tree), 20 + number):
            tree[place] ^= 1
        path = os.path.join(self.site.folder, f"tree-{number}.frbn")
        with open(path, "wb") as file:
            file.write(tree)
        return self.author.build(f"{number}.frugal", {"any": path}, number)

    def offers(self, release):
        """(is a delta, bytes on the air) of each device."""
        fit = self.site.control("model", "fit", release)
        return [(verdict["encoding"]["is_delta"], verdict["bytes_on_air"])
                for device in fit["devices"] for verdict in device["verdicts"]]

    def delivered(self):
        return self.site.overview()["bytes"]["model"]

    def roll_out(self, swarm, release):
        """The bytes that its blocks took."""
        before = self.delivered()
        swarm.wait_confirmed(self.site.control("rollout", "start", release)["rollout"])
        return self.delivered() - before

    def test_a_release_imported_too_early_gets_its_deltas_later(self):
        swarm = fleet.Swarm(self.site, "tiny:2")
        bundles = [self.bundle(number) for number in (1, 2, 3)]
        for bundle in bundles:
            self.site.control("model", "import", bundle)
        swarm.start()
        in_full = self.roll_out(swarm, "fashion@1")
        full = self.offers("fashion@2")
        self.assertEqual([False, False], [is_delta for is_delta, _ in full])

        as_delta = self.roll_out(swarm, "fashion@2")
        self.assertLess(as_delta, in_full / 2)

        self.assertEqual([False, False], [is_delta for is_delta, _ in self.offers("fashion@3")])
        again = self.site.control("model", "import", bundles[2])
        self.assertEqual(3, again["release"])
        late = self.offers("fashion@3")
        self.assertEqual([True, True], [is_delta for is_delta, _ in late])
        self.assertLess(late[0][1], full[0][1] / 3)
        artifacts = self.site.rows("SELECT count(*) FROM artifact")
        self.site.control("model", "import", bundles[2])
        self.assertEqual(artifacts, self.site.rows("SELECT count(*) FROM artifact"))

        self.site.gateway.kill()
        self.site.start_gateway()
        fleet.wait_for("the devices' hellos", lambda: self.offers("fashion@3") == late)
        self.assertLess(self.roll_out(swarm, "fashion@3"), in_full / 2)
        swarm.child.stop()


if __name__ == "__main__":
    fleet.run_tests()
