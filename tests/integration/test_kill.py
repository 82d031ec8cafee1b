#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of gateway, broker and swarm at random times (I1-I4, F1-F3): nothing lost or doubled.

Decisions flow and updates transfer all the time. A part of the gateway's deaths comes from inside,
at the fault points around its commits and acks. The seed fixes the order of the kills; their exact
moments depend on the machine. FRUGAL_KILLS sets their number, FRUGAL_SEED the seed.
"""

import hashlib
import os
import random
import time
import unittest

import fleet

KILLS = int(os.environ.get("FRUGAL_KILLS", "25"))
SEED = int(os.environ.get("FRUGAL_SEED", "1"))
# Where the gateway dies by itself, and how often at most it passes there before it does.
FAULT_POINTS = {"commit.before": 40, "commit.after": 40, "storage.begin": 40,
                "storage.records": 40, "storage.streams": 40, "storage.decisions": 40,
                "storage.commit": 40, "storage.committed": 40, "ack.before": 40, "ack.after": 40,
                "tick.step": 60, "tick.stepped": 60, "tick.committed": 40, "tick.release": 40,
                "tick.seal": 40, "tick.sealed": 40}
# Slow enough that a transfer outlives several kills.
BYTES_PER_SECOND = 24_000


@fleet.needs("mosquitto")
class KillTest(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(SEED)
        self.deaths = {}
        self.rollouts = []

    # Updates that never run out ---------------------------------------------------------------

    def changed_model(self, kind, name):
        """A project model with one weight changed by one: another digest, so it has to travel.
        The policy's gain table for the original serves it too."""
        path = os.path.join(fleet.MODELS, name)
        with open(path, "rb") as file:
            original = file.read()
        content = bytearray(original)
        weights = max(self.site.control("model", "inspect", path)["weights"],
                      key=lambda weights: weights["size_bytes"])
        content[weights["offset"] + len(self.rollouts)] ^= 1
        changed = os.path.join(self.site.folder, f"{kind}-{len(self.rollouts)}.tflite")
        with open(changed, "wb") as file:
            file.write(content)
        self.policy_text = self.policy_text.replace(hashlib.sha256(original).hexdigest(),
                                                    hashlib.sha256(content).hexdigest())
        return changed

    def begin_update(self):
        with open(fleet.POLICY, encoding="utf-8") as file:
            self.policy_text = file.read()
        tiny, small = (("fashion-tiny-1.tflite", "fashion-small-1.tflite"),
                       ("fashion-tiny-2.tflite", "fashion-small-2.tflite"))[len(self.rollouts) % 2]
        small = self.changed_model("small", small)
        files = {"tiny": self.changed_model("tiny", tiny), "m4": small, "esp32": small}
        policy = os.path.join(self.site.folder, "policy.toml")
        with open(policy, "w", encoding="utf-8") as file:
            file.write(self.policy_text)
        self.rollouts.append(self.site.roll_out(self.site.import_release(files), policy))

    def keep_updating(self):
        states = self.site.rollout_states(self.rollouts[-1])
        if states.get("confirmed", 0) == len(self.swarm.names):
            self.begin_update()

    # Deaths -----------------------------------------------------------------------------------

    def count(self, what):
        self.deaths[what] = self.deaths.get(what, 0) + 1

    def kill_gateway(self):
        self.site.gateway.kill()
        self.count("gateway")
        self.pause(0.0, 0.4)
        self.site.start_gateway()

    def kill_gateway_inside(self):
        """Restarts the gateway so that it kills itself at a fault point, which counts as one."""
        self.site.gateway.stop()
        name = self.random.choice(sorted(FAULT_POINTS))
        passes = self.random.randint(1, FAULT_POINTS[name])
        gateway = self.site.launch_gateway({"FRUGAL_CRASH_AT": f"{name}:{passes}"})
        fleet.wait_for(f"the gateway dies at {name}:{passes}",
                       lambda: not gateway.is_alive(), 60)
        self.assertEqual(-9, gateway.process.returncode, gateway.text()[-2000:])
        self.count("gateway at " + name)
        self.site.start_gateway()

    def kill_broker(self):
        self.site.broker.kill()
        self.count("broker")
        self.pause(0.0, 0.4)
        self.site.start_broker()

    def kill_swarm(self):
        self.swarm.child.kill()
        self.count("swarm")
        self.pause(0.0, 0.4)
        self.swarm.start()

    def kill_broker_and_gateway(self):
        self.site.broker.kill()
        self.site.gateway.kill()
        self.count("broker and gateway")
        self.site.start_broker()
        self.site.start_gateway()

    def pause(self, least, most):
        time.sleep(self.random.uniform(least, most))

    def kill_one(self):
        kinds = [self.kill_gateway] * 5 + [self.kill_gateway_inside] * 4
        kinds += [self.kill_broker] * 4 + [self.kill_swarm] * 5 + [self.kill_broker_and_gateway]
        self.pause(0.2, 1.8)
        self.random.choice(kinds)()

    # The test ---------------------------------------------------------------------------------

    def test_nothing_is_lost_or_doubled(self):
        with fleet.Site() as self.site:
            self.slow_transfers()
            self.site.start_all()
            self.swarm = fleet.Swarm(self.site, "tiny:4,m4:4,esp32:4", seed=SEED)
            self.site.define_task()
            self.swarm.start()
            self.begin_update()
            self.swarm.wait_confirmed(self.rollouts[-1])
            self.begin_update()
            for _ in range(KILLS):
                self.kill_one()
                self.keep_updating()
            self.swarm.wait_confirmed(self.rollouts[-1], 150)
            self.assertEqual(0, self.swarm.child.stop(90), self.swarm.child.text()[-2000:])
            self.assertEqual(0, self.site.gateway.stop())
            self.site.broker.stop()
            self.judge(self.swarm.verify())

    def slow_transfers(self):
        with open(self.site.config, "a", encoding="utf-8") as file:
            file.write(f"\n[transfer]\nbytes_per_second = {BYTES_PER_SECOND}\n")

    def judge(self, books):
        shown = {key: books[key] for key in (
            "decisions_produced", "decisions_committed", "rows", "lost", "duplicated", "different",
            "pending", "declared_dropped", "raw_bytes_at_rest", "escalations_sent",
            "escalations_answered", "transfers_resumed", "scanned_files")}
        print(f"kills {sum(self.deaths.values())} {self.deaths}\nreleases {len(self.rollouts)}\n"
              f"{shown}")
        self.assertEqual(KILLS, sum(self.deaths.values()))
        for key in ("lost", "duplicated", "different", "raw_bytes_at_rest", "pending"):
            self.assertEqual(0, books[key], (key, books["examples"], books.get("raw_places")))
        self.assertTrue(books["clean"], books)
        self.assertGreater(books["decisions_committed"], 20 * KILLS)
        self.assertGreater(books["escalations_answered"], 0)


if __name__ == "__main__":
    fleet.run_tests()
