#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keys: a gateway signs policies with its own, and needs the author's for nothing else."""

import os
import stat
import unittest

import fleet


@fleet.needs("mosquitto", "openssl")
class PolicyKey(unittest.TestCase):
    def setUp(self):
        self.site = self.enterContext(fleet.Site())
        self.site.start_all()
        self.site.define_task()
        self.release = self.site.import_release({"any": "fashion-small-1.tflite"})

    def restart_without(self, *names):
        self.site.gateway.stop()
        for name in names:
            os.remove(os.path.join(self.site.directory, name))
        self.site.start_gateway()

    def set_policy(self):
        return self.site.control_raw("policy", "set", fleet.TASK, fleet.POLICY,
                                     "--release", self.release)

    def test_policies_need_no_release_key(self):
        self.restart_without("release.key")
        done = self.set_policy()
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("release key", self.site.control_raw(
            "model", "import", "fashion", "--task", fleet.TASK, "--variant",
            "any=" + os.path.join(fleet.MODELS, "fashion-small-2.tflite")).stderr)

    def test_a_site_without_a_policy_key_is_told_the_remedy(self):
        self.restart_without("policy.key", "policy.pub")
        done = self.set_policy()
        self.assertEqual(4, done.returncode)
        for word in ("policy.key does not exist", "key generate", "copy release.key"):
            self.assertIn(word, done.stderr)
        made = self.site.control("key", "generate", os.path.join(self.site.directory, "policy.key"))
        self.restart_without()
        self.assertEqual(0, self.set_policy().returncode)
        self.assertEqual(0o600, stat.S_IMODE(os.stat(made["key"]).st_mode))
        again = self.site.control_raw("key", "generate", made["key"])
        self.assertEqual(4, again.returncode)
        self.assertIn("never replaced", again.stderr)


if __name__ == "__main__":
    fleet.run_tests()
