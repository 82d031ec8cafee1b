#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Devices with one model slot: what runs is overwritten in place by a delta, over real MQTT, with
the power cut in the middle of it and the gateway killed meanwhile.
"""

import os
import unittest

import fleet

FIRST = "fashion-small-1.tflite"  # ten pages of 4,096 bytes
DEVICES = 4
REACH = 4096
SCENARIO = os.path.join(fleet.ROOT, "device-sim", "scenarios", "one_slot.toml")
CUTS = 3  # of the scenario, for each device, few operations apart: all meet the rewriting
SELF_TEST = 7  # fr_phase_t: the rewriting is part of it, and a fault of the flash is tried again
CALM = 'name = "calm"\n[fleet]\none_slot = true\ndecisions_per_second = 2.0\n'


@fleet.needs("mosquitto")
class OneSlot(unittest.TestCase):
    def setUp(self):
        self.site = self.enterContext(fleet.Site())
        self.calm = os.path.join(self.site.folder, "calm.toml")
        with open(self.calm, "w", encoding="utf-8") as file:
            file.write(CALM)
        self.tuned = os.path.join(self.site.folder, "tuned.tflite")
        with open(os.path.join(fleet.MODELS, FIRST), "rb") as file:
            model = bytearray(file.read())
        for place in range(22000, 38000, 500):  # amid the weights
            model[place] ^= 1
        with open(self.tuned, "wb") as file:
            file.write(model)

    def artifacts(self, release):
        model, number = release.split("@")
        [found] = [one for one in self.site.control("model", "list")["releases"]
                   if (one["model"], str(one["release"])) == (model, number)]
        [variant] = found["variants"]
        return variant["artifacts"]

    def cut_phases(self, swarm):
        """The phase each cut of the power met, by device."""
        phases = {}
        with open(os.path.join(swarm.state, "ledger", "ledger.log"), encoding="utf-8") as file:
            for line in file:
                if line.startswith("P "):
                    _, device, phase, _ = line.split()
                    phases.setdefault(device, []).append(int(phase))
        return phases

    def test_a_delta_rewrites_the_only_slot_and_a_cut_goes_on(self):
        self.site.start_all()
        self.site.define_task()
        swarm = fleet.Swarm(self.site, f"m4:{DEVICES}")
        swarm.start("--scenario", self.calm)
        swarm.wait_confirmed(self.site.roll_out(self.site.import_release({"m4": FIRST})))
        swarm.child.stop()
        before = swarm.verify()
        self.assertTrue(before["clean"], before)
        capability = self.site.device("m4-0001")["capability"]
        self.assertEqual((1, REACH), (capability["slots"], capability["reach_bytes"]))

        second = self.site.import_release({"m4": self.tuned})
        deltas = [one for one in self.artifacts(second) if one["base_digest"]]
        self.assertTrue(deltas and all(one["base_lag_bytes"] <= REACH for one in deltas), deltas)
        rollout = self.site.control("rollout", "start", second)["rollout"]  # without a policy
        swarm.start("--scenario", SCENARIO)
        fleet.wait_for("the power is cut", lambda: self.cut_phases(swarm), 60)
        self.site.gateway.kill()
        self.site.start_gateway()
        swarm.wait_confirmed(rollout)
        swarm.child.stop()
        after = swarm.verify()
        self.assertTrue(after["clean"], after)
        self.assertEqual({name: [SELF_TEST] * CUTS for name in swarm.names}, self.cut_phases(swarm))
        # What was cut went on from where it was: nobody fetched a model in full.
        full = min(one["size_bytes"] for one in self.artifacts(second) if not one["base_digest"])
        self.assertLess(after["model_bytes_on_air"] - before["model_bytes_on_air"], full)
        self.assertEqual(before["devices_confirmed"].keys(), {"1"})
        self.assertEqual(after["devices_confirmed"], {"2": DEVICES})


if __name__ == "__main__":
    fleet.run_tests()
