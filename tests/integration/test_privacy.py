#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What devices really send while a fleet works: every message of theirs, captured behind TLS.

Devices sense real images under a policy that would escalate every one of them. A task that may not
leave the device sends no part of any image; one that may sends it to the edge in `escalate` and
nowhere else, which also shows that this capture would see a leak.
"""

import gzip
import os
import unittest

import fleet

IMAGES = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"
HEADER = 16
WINDOW = 48
MIN_VALUES = 12  # of a window: a run of background says nothing about an image
WANTED = 400
INPUT_BYTES = 784


def has_content(window):
    return len(set(window)) >= MIN_VALUES


def image_windows():
    """Pieces of all test images as the sensor hands them over: int8, pixel - 128."""
    with gzip.open(IMAGES) as file:
        pixels = file.read()[HEADER:].translate(bytes(value ^ 0x80 for value in range(256)))
    pieces = (pixels[at:at + WINDOW] for at in range(0, len(pixels) - WINDOW, WINDOW))
    return {piece for piece in pieces if has_content(piece)}


class Capture:
    """Every message from the devices of a site, by the gateway's own way into the broker."""

    def __init__(self, site):
        self.path = os.path.join(site.folder, "capture.log")
        self.child = fleet.Child(
            "capture", [fleet.which("mosquitto_sub"), "--unix",
                        os.path.join(site.directory, "run", "mqtt.sock"),
                        "-t", f"frugal/v1/{site.name}/+/up/#", "-F", "%t %x"], self.path)
        site.children.append(self.child)

    def messages(self):
        """(last word of the topic, payload), without a line that is being written."""
        with open(self.path, encoding="ascii") as log:
            lines = log.read().rpartition("\n")[0].splitlines()
        for line in lines:
            topic, _, payload = line.partition(" ")
            yield topic.split("/")[-1], bytes.fromhex(payload)

    def count(self, kind):
        return sum(1 for name, _ in self.messages() if name == kind)


def leaks(payload, windows):
    """Whether any piece of any image lies anywhere in the payload."""
    return any(payload[at:at + WINDOW] in windows for at in range(len(payload) - WINDOW + 1))


@fleet.needs("mosquitto", "mosquitto_sub")
@unittest.skipUnless(os.path.exists(IMAGES), "not here: dataset-fashion-mnist")
class PrivacyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.windows = image_windows()

    def run_fleet(self, privacy):
        """The kinds of captured messages by how many of them hold a piece of an image, the
        escalations the gateway counted, the bytes of the longest message."""
        with fleet.Site() as site:
            site.start_all()
            site.define_task(privacy)
            capture = Capture(site)
            swarm = fleet.Swarm(site, "tiny:20,m4:20", rate=0.5)  # each below its hourly cap
            release = site.import_release(fleet.RELEASE_1)
            policy = site.write_policy(gain=255, privacy=privacy)
            swarm.start("--decisions", WANTED)
            swarm.wait_confirmed(site.roll_out(release, policy))
            self.assertEqual(0, swarm.child.process.wait(120), swarm.child.text()[-2000:])
            self.assertGreater(capture.count("decisions"), 0)
            decided = site.rows("SELECT count(*) FROM decision_of_device")[0][0]
            self.assertGreaterEqual(decided, WANTED)
            found, seen, longest = {}, 0, 0
            for kind, payload in capture.messages():
                seen += 1
                longest = max(longest, len(payload))
                found[kind] = found.get(kind, 0) + leaks(payload, self.windows)
            print(f"{privacy}: {decided} decisions, {seen} messages captured, "
                  f"with a piece of an image: {sum(found.values())}")
            asked = site.request("GET", "/api/v1/escalations/statistics").json()["received"]
            return found, asked, longest

    def test_a_task_that_may_not_leave_the_device_sends_no_image(self):
        found, asked, longest = self.run_fleet("never")
        self.assertEqual(0, asked)
        self.assertLess(longest, INPUT_BYTES)
        self.assertEqual(0, sum(found.values()), found)

    def test_a_task_for_the_edge_sends_images_in_escalations_only(self):
        found, asked, longest = self.run_fleet("edge-only")
        self.assertGreater(found.pop("escalate"), WANTED // 4)
        self.assertGreater(asked, WANTED // 4)
        self.assertGreaterEqual(longest, INPUT_BYTES)
        self.assertEqual(0, sum(found.values()), found)


if __name__ == "__main__":
    fleet.run_tests()
