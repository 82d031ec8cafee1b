#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A disk that is really full (I1-I4, V12): nothing is acknowledged that is not stored, the log says
what to do, and once there is room everything goes on, without a restart and with nothing lost.
"""

import contextlib
import os
import re
import subprocess
import time
import unittest

import fleet

DISK_MIB = 24
FULL_FOR_S = 4


def may_mount():
    """Whether this process may mount a small disk."""
    if os.geteuid() != 0 or fleet.which("mount") is None:
        return False
    probe = ["unshare", "--mount", fleet.which("mount"), "-t", "tmpfs", "-o", "size=1m", "probe", "/mnt"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


@fleet.needs("mosquitto")
@unittest.skipUnless(may_mount(), "mounting a small disk needs root")
class FullDiskTest(unittest.TestCase):
    def take_what_is_left(self):
        """The file takes every free block of the disk."""
        with contextlib.suppress(OSError), open(self.hog, "ab", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    def count(self):
        return self.site.rows("SELECT count(*) FROM decision")[0][0]

    def fencing_epoch(self):
        return self.site.rows("SELECT value FROM setting WHERE name = 'fencing_epoch'")[0][0]

    def is_full_for_good(self):
        self.take_what_is_left()
        return "storage.reopen-failed" in self.site.gateway.text() or len(
            re.findall("storage.commit-failed", self.site.gateway.text())) >= 3

    def test_a_full_disk_and_room_again(self):
        with fleet.Site(disk_mib=DISK_MIB) as self.site:
            site = self.site
            self.hog = os.path.join(site.directory, "somebody-elses-file")
            with open(site.config, "a", encoding="utf-8") as file:
                file.write("\n[store]\nballast_bytes = 65536\n")
            site.start_all()
            site.define_task()
            swarm = fleet.Swarm(site, "m4:3", rate=10)
            swarm.start()
            swarm.wait_confirmed(site.roll_out(site.import_release(fleet.RELEASE_1)))
            epoch, process = self.fencing_epoch(), site.gateway.process.pid

            fleet.wait_for("the disk is full", self.is_full_for_good, 60, 0.2)
            lines = [line for line in site.gateway.text().splitlines() if "storage." in line]
            self.assertRegex(lines[0], "storage.commit-failed.*full")
            self.assertRegex(lines[0], 'remedy="Make room on the disk')
            print(lines[0])
            before = self.count()
            end = time.monotonic() + FULL_FOR_S
            while time.monotonic() < end:
                self.take_what_is_left()
                time.sleep(0.1)
            stored = self.count()
            self.assertLess(stored - before, FULL_FOR_S * 5, "the disk was not full")
            self.assertLess(len(site.gateway.text()), 200_000, "the log is flooded")

            os.remove(self.hog)
            fleet.wait_for("decisions go on", lambda: self.count() > stored + 60, 60)
            self.assertTrue(site.gateway.is_alive())
            self.assertEqual(process, site.gateway.process.pid)
            self.assertGreater(self.fencing_epoch(), epoch)
            self.assertTrue(site.is_ready())
            self.assertIn("core.reopened", site.gateway.text())
            self.assertEqual(1, site.gateway.text().count("core.started"))
            self.assertEqual(0, swarm.child.stop(), swarm.child.text()[-2000:])
            self.assertEqual(0, site.gateway.stop())
            books = swarm.verify()
            print({name: books[name] for name in
                   ("decisions_produced", "rows", "lost", "duplicated", "acked_above_stored")})
            self.assertTrue(books["clean"], books)
            self.assertEqual((0, 0, 0), (books["lost"], books["duplicated"], books["acked_above_stored"]))


if __name__ == "__main__":
    fleet.run_tests()
