#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A revoked device is cut off at once and for good (I14, T4, V5, V6).

With the library of another vendor and with the swarm, over restarts of gateway and broker in both
orders: connection closed, no reconnect, nothing accepted, nothing delivered, others undisturbed.
"""

import time
import unittest

import fleet
import foreign_device
from foreign_device import ForeignDevice

CLOSED_WITHIN_S = 2.0


@fleet.needs(*foreign_device.NEEDS, modules=foreign_device.MODULES)
class RevocationTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pb = foreign_device.load_messages()

    def join(self, name):
        device = ForeignDevice(self.site, name)
        self.assertEqual(200, device.enrol(self.site.add_device(name)))
        return device.connect()

    def decide(self, device, sequence):
        device.publish("hello", device.hello(self.pb, sequence), qos=1)
        device.publish("decisions", device.decisions(self.pb, sequence, [7]))
        device.receive("ack", self.pb.Ack, keep=lambda ack: ack.next_sequence == sequence + 1)

    def assert_locked_out(self, device, decisions):
        """It cannot get in, whatever it tries, and nothing it says is stored."""
        self.assertFalse(device.is_admitted())
        self.assertEqual(decisions, len(self.site.decisions_of(device.name)))

    def test_revoked_means_gone_for_good(self):
        with fleet.Site() as self.site:
            self.site.start_all()
            good, bad = self.join("good"), self.join("bad")
            for device in (good, bad):
                self.decide(device, 0)
            self.assertTrue(bad.is_admitted())
            fleet.wait_for("that second connection has thrown the first out", bad.is_cut)
            bad.disconnect()
            bad.connect()
            began = time.monotonic()
            self.site.control("device", "revoke", "bad")
            fleet.wait_for("its connection is closed", bad.is_cut,
                           CLOSED_WITHIN_S)
            print(f"revoked and closed after {time.monotonic() - began:.1f} s")
            self.assertEqual("revoked", self.site.device("bad")["state"])
            bad.disconnect()
            self.assert_locked_out(bad, 1)
            self.decide(good, 1)

            self.site.gateway.kill()
            self.site.start_gateway()
            self.assert_locked_out(bad, 1)
            self.site.broker.kill()
            good.disconnect()
            self.site.start_broker()
            fleet.wait_for("the gateway is back", self.site.is_ready)
            self.assert_locked_out(bad, 1)
            self.site.gateway.stop()
            self.site.broker.stop()
            self.site.start_all()
            self.assert_locked_out(bad, 1)
            good.connect()
            self.decide(good, 2)
            good.disconnect()
            # A revoked id may not enrol again with its key, nor may anybody with a used code.
            self.assertEqual(401, bad.enrol("0000-0000-0000-0000"))

    def test_a_gateway_that_dies_before_the_kick_repeats_it(self):
        """The revocation is durable and the list in force, but the connection is still open."""
        with fleet.Site() as self.site:
            self.site.start_broker()
            self.site.start_gateway({"FRUGAL_CRASH_AT": "revocation.kick:1"})
            good, bad = self.join("good"), self.join("bad")
            for device in (good, bad):
                self.decide(device, 0)
            self.assertNotEqual(0, self.site.control_raw("device", "revoke", "bad").returncode)
            self.assertEqual(-9, self.site.gateway.process.wait(10))
            self.assertFalse(bad.is_cut(), "the test is pointless: nothing was left to do")
            self.assertEqual([(3, 1)], self.state_of("bad"))
            self.site.start_gateway()
            fleet.wait_for("its connection is closed", bad.is_cut, 10)
            fleet.wait_for("the kick is on record", lambda: self.state_of("bad") == [(3, 0)])
            bad.disconnect()
            self.assert_locked_out(bad, 1)
            self.decide(good, 1)
            good.disconnect()

    def state_of(self, name):
        return self.site.rows("SELECT state, kick_pending FROM device WHERE id = ?", name)

    def test_a_device_that_comes_back_at_once_loses(self):
        """The swarm's devices reconnect by themselves, with resumed TLS sessions."""
        with fleet.Site() as self.site:
            self.site.start_all()
            self.site.define_task()
            swarm = fleet.Swarm(self.site, "m4:3")
            swarm.start()
            swarm.wait_confirmed(self.site.roll_out(self.site.import_release(fleet.RELEASE_1)))
            self.site.control("device", "revoke", "m4-0002")
            stored = len(self.site.decisions_of("m4-0002"))
            others = len(self.site.decisions_of("m4-0001"))
            fleet.wait_for("the others go on", lambda: len(
                self.site.decisions_of("m4-0001")) > others + 60)
            self.assertEqual(stored, len(self.site.decisions_of("m4-0002")))
            self.assertEqual(2, self.site.overview()["fleet"]["online"])
            self.assertEqual(0, swarm.child.stop(), swarm.child.text()[-2000:])
            self.site.gateway.stop()
            books = swarm.verify()
            self.assertTrue(books["clean"], books)
            self.assertEqual(stored, len(self.site.decisions_of("m4-0002")))


if __name__ == "__main__":
    fleet.run_tests()
