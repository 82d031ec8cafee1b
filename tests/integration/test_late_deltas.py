#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Deltas that nobody could make at the import, because devices ran something else or nothing then.

Three releases come in before a device runs any of them. The first travels in full. The second has
no delta until its rollout starts, the third none until its bundle is imported again; both then
travel as deltas, and a gateway that starts anew still has them. One that dies before its deltas are
stored makes them again; a base that the disk has damaged is told, and costs the delta alone.
"""

import contextlib
import os
import sqlite3
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

    def run_first(self, releases):
        """A swarm that runs fashion@1, with that many releases imported before it did."""
        for number in range(1, releases + 1):
            self.site.control("model", "import", self.bundle(number))
        swarm = fleet.Swarm(self.site, "tiny:2")
        swarm.start()
        self.roll_out(swarm, "fashion@1")
        return swarm

    def wait_offers(self, release, is_delta):
        fleet.wait_for(f"offers of {release}", lambda: [is_delta, is_delta] == [
            offer for offer, _ in self.offers(release)])

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

    def test_a_gateway_that_dies_over_its_deltas_makes_them_again(self):
        swarm = self.run_first(releases=2)
        self.site.gateway.stop()
        gateway = self.site.launch_gateway({"FRUGAL_CRASH_AT": "encodings.made:1"})
        fleet.wait_for("the gateway is ready", self.site.is_ready)
        self.wait_offers("fashion@2", False)
        with self.assertRaises(fleet.FleetError):
            self.site.control("rollout", "start", "fashion@2")
        fleet.wait_for("the gateway dies", lambda: not gateway.is_alive())
        self.assertEqual(-9, gateway.process.returncode, gateway.text()[-2000:])
        self.site.start_gateway()
        self.wait_offers("fashion@2", False)
        self.assertEqual(1, len(self.site.control("rollout", "list")["rollouts"]))
        self.roll_out(swarm, "fashion@2")
        deltas = self.site.rows("SELECT count(*) FROM artifact WHERE base_digest IS NOT NULL")
        self.assertGreater(deltas[0][0], 0)
        swarm.child.stop()

    def test_a_damaged_base_is_told_and_costs_the_delta_alone(self):
        swarm = self.run_first(releases=2)
        self.site.gateway.stop()
        with contextlib.closing(sqlite3.connect(self.site.database_file)) as database, database:
            database.execute("UPDATE blob SET bytes = zeroblob(length(bytes)) WHERE digest = "
                             "(SELECT model_digest FROM variant WHERE release = 0)")
        self.site.start_gateway()
        self.wait_offers("fashion@2", False)
        self.roll_out(swarm, "fashion@2")
        log = self.site.gateway.text()
        self.assertRegex(log, r"release\.encode-failed .*no delta of fashion@2 against model [0-9a-f]+: "
                              r"blob [0-9a-f]+ in the database is damaged")
        self.assertEqual(0, self.site.rows(
            "SELECT count(*) FROM artifact WHERE base_digest IS NOT NULL")[0][0])
        swarm.child.stop()


if __name__ == "__main__":
    fleet.run_tests()
