#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What one device's certificate is not good for (I13; T1, T2; V3, V4, V14).

Another device's topics can be neither written nor read, its session not taken over, nothing
retained; without a certificate of the site's authority there is no connection at all. Asserted on
what is delivered and stored, because Mosquitto acknowledges what it drops.
"""

import contextlib
import os
import socket
import unittest

import fleet
import foreign_device
from foreign_device import ForeignDevice, run

VERSIONS = (3, 5)


@fleet.needs(*foreign_device.NEEDS, modules=foreign_device.MODULES)
class IsolationTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pb = foreign_device.load_messages()
        cls.site = fleet.Site.of_class(cls)

    def setUp(self):
        self.devices = []

    def tearDown(self):
        for device in self.devices:
            device.disconnect()
        self.assertTrue(self.site.gateway.is_alive(), self.site.gateway.text()[-2000:])
        self.assertTrue(self.site.is_ready())

    def device(self, name):
        """An enrolled device, not connected; its name is made unique by the test's."""
        device = ForeignDevice(self.site, f"{name}-{self.id().split('.')[-1][5:9]}-"
                                          f"{len(self.devices)}".replace("_", "-"))
        self.assertEqual(200, device.enrol(self.site.add_device(device.name)))
        self.devices.append(device)
        return device

    def pair(self):
        return self.device("one"), self.device("two")

    def round_trip(self, device, first):
        """Hello, one decision, its ack: everything sent before on this connection has arrived."""
        device.publish("hello", device.hello(self.pb, first), qos=1)
        device.publish("decisions", device.decisions(self.pb, first, [3]))
        device.receive("ack", self.pb.Ack, keep=lambda ack: ack.next_sequence == first + 1)

    def test_writing_as_another_device_stores_nothing(self):
        for version in VERSIONS:
            with self.subTest(mqtt=version):
                one, two = self.pair()
                two.connect(version)
                one.connect(version)
                for qos in (0, 1):
                    one.publish("hello", two.hello(self.pb), device=two.name, qos=qos)
                    one.publish("decisions", two.decisions(self.pb, 0, [1, 2]), device=two.name,
                                qos=qos)
                    one.publish("bye", self.pb.Bye(stream=two.stream), device=two.name, qos=qos)
                    for topic in (two.topic("down", "ack"), two.topic("down", "desired"),
                                  one.topic("down", "ack"),
                                  f"frugal/v1/{self.site.name}/all/chunk/{'0' * 64}",
                                  f"frugal/v1/{self.site.name}/+/up/hello".replace("+", "gateway"),
                                  f"frugal/v1/other/{one.name}/up/hello", "anything", "$SYS/x"):
                        one.client.publish(topic, b"\x08\x01", qos)
                self.round_trip(one, 0)
                self.assertEqual([], self.site.decisions_of(two.name))
                self.assertEqual([], self.site.device(two.name)["streams"])
                self.assertEqual([], two.drain())

    def test_claiming_another_id_in_the_payload_stores_nothing(self):
        one, two = self.pair()
        one.connect()
        one.publish("hello", two.hello(self.pb), qos=1)
        self.round_trip(one, 0)
        self.assertEqual([], self.site.device(two.name)["streams"])
        self.assertEqual(1, len(self.site.decisions_of(one.name)))

    def test_reading_another_device_delivers_nothing(self):
        for version in VERSIONS:
            with self.subTest(mqtt=version):
                one, two = self.pair()
                one.connect(version, ["#", "+/#", "$SYS/#", two.topic("down", "+"),
                                      two.topic("up", "+"), "frugal/v1/+/+/down/#",
                                      f"frugal/v1/{self.site.name}/{two.name}/#"])
                two.connect(version)
                self.round_trip(two, 0)
                self.assertEqual([], one.drain())
                self.round_trip(one, 0)
                topics = {topic for topic, _ in one.drain()}
                self.assertEqual(set(), {topic for topic in topics
                                         if not topic.startswith(one.topic("down", ""))})

    def test_client_id_takeover_does_not_work(self):
        for version in VERSIONS:
            for stolen in ("the victim's", "the gateway's"):
                with self.subTest(mqtt=version, client_id=stolen):
                    one, two = self.pair()
                    two.connect(version)
                    self.round_trip(two, 0)
                    victim = two.name if stolen == "the victim's" else f"frugald:{self.site.name}"
                    one.connect(version, [two.topic("down", "+")], client_id=victim)
                    self.round_trip(two, 1)
                    self.assertEqual([], one.drain())
                    self.assertFalse(two.is_cut())
                    self.assertEqual(2, len(self.site.decisions_of(two.name)))

    def test_without_a_certificate_of_the_site_there_is_no_connection(self):
        two = self.device("two")
        stranger = ForeignDevice(self.site, "stranger")
        stranger.make_request()
        for common_name in (two.name, "stranger", f"frugald:{self.site.name}"):
            run("openssl", "req", "-x509", "-key", stranger.key, "-subj", f"/CN={common_name}",
                "-days", "30", "-out", stranger.certificate)
            with self.subTest(certificate="self-signed", common_name=common_name):
                self.assertFalse(stranger.is_admitted())
        with self.subTest(certificate="none"):
            self.assertFalse(two.is_admitted(certificate=""))
        with self.subTest(certificate="none, and no TLS either"):
            with socket.create_connection(("127.0.0.1", self.site.mqtt_port), 10) as plain:
                with contextlib.suppress(ConnectionError):
                    plain.sendall(foreign_device.CONNECT)
                    self.assertNotEqual(b"\x20", plain.recv(64)[:1])
        self.assertTrue(two.is_admitted())

    def test_a_retained_publish_is_cut_off(self):
        for version in VERSIONS:
            with self.subTest(mqtt=version):
                one = self.device("one")
                one.connect(version)
                one.publish("hello", one.hello(self.pb), qos=1, retain=True)
                fleet.wait_for("the broker cuts it off", one.is_cut)
                one.disconnect()
                one.connect(version, [one.topic("up", "+"), one.topic("down", "+")])
                self.assertEqual([], [message for message in one.drain()
                                      if message[0] == one.topic("up", "hello")])

    def test_enrolment_gives_no_other_name(self):
        device = ForeignDevice(self.site, "named")
        code = self.site.add_device(device.name)
        for name in ("two", "named,x", "#", "+", "frugald:demo", "a" * 64):
            with self.subTest(common_name=name):
                self.assertIn(device.enrol(code, name), range(400, 500))
                self.assertFalse(os.path.exists(device.certificate))
        self.assertEqual(200, device.enrol(code))
        self.assertEqual(401, device.enrol(code))


if __name__ == "__main__":
    fleet.run_tests()
