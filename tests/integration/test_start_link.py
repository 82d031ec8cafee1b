#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Start links over HTTPS: the code that set-up prints becomes a token once, and nothing else does."""

import http.client
import json
import os
import ssl
import unittest

import fleet


@fleet.needs("mosquitto")
class StartLinkTest(unittest.TestCase):
    def setUp(self):
        self.site = fleet.Site().start_all()
        self.addCleanup(self.site.__exit__, None, None, None)

    def post(self, target, body, token=None):
        trust = ssl.create_default_context(
            cafile=os.path.join(self.site.directory, "broker", "ca.pem"))
        connection = http.client.HTTPSConnection("127.0.0.1", self.site.http_port, timeout=20,
                                                 context=trust)
        fields = {"Content-Type": "application/json"}
        if token is not None:
            fields["Authorization"] = "Bearer " + token
        self.addCleanup(connection.close)
        connection.request("POST", target, json.dumps(body), fields)
        response = connection.getresponse()
        return fleet.Answer(response.status, dict(response.getheaders()), response.read())

    def redeem(self, link):
        return self.post("/start", {"code": link.split("#")[-1]})

    def assert_refused(self, status, words, answer):
        self.assertEqual(status, answer.status, answer.body)
        self.assertEqual("application/problem+json", answer.headers["Content-Type"])
        self.assertIn(words, answer.json()["detail"])
        self.assertTrue(answer.json()["cause"] and "token start" in answer.json()["remedy"])

    def test_the_link_of_set_up_is_good_once(self):
        link = self.site.setup_url
        self.assertNotIn("frg_", link)
        self.assertFalse(os.path.exists(os.path.join(self.site.directory, "start.code")))
        made = self.redeem(link)
        self.assertEqual(201, made.status, made.body)
        token = made.json()["token"]
        # An administrator's token: it may make another.
        self.assertEqual(201, self.post("/api/v1/tokens", {"role": "viewer"}, token).status)
        self.assert_refused(410, "used already", self.redeem(link))
        self.assert_refused(401, "not valid", self.redeem("0000-0000-0000-0000"))
        log = self.site.gateway.text()
        self.assertIn("start-link.used", log)
        self.assertNotIn(link.split("#")[-1], log)
        self.assertNotIn(token, log)

    def test_a_newer_link_or_a_restart_ends_the_one_before(self):
        self.assertEqual(201, self.post("/start", {"code": self.site.start_url().split("#")[1]}).status)
        self.assert_refused(401, "not valid", self.redeem(self.site.setup_url))
        link = self.site.start_url()
        self.site.gateway.kill()
        self.site.start_gateway()
        self.assert_refused(401, "not valid", self.redeem(link))

    def test_the_command_line_redeems_too(self):
        token = self.site.control("token", "redeem", self.site.setup_url)["token"]
        self.assertEqual(201, self.post("/api/v1/tokens", {"role": "viewer"}, token).status)
        again = self.site.control_raw("token", "redeem", self.site.setup_url)
        self.assertEqual(5, again.returncode, again.stderr)
        self.assertIn("used already", again.stderr)
        viewer = self.site.control("token", "start", "--role", "viewer")
        made = self.redeem(viewer["start_url"]).json()["token"]
        self.assertEqual(403, self.post("/api/v1/tokens", {"role": "viewer"}, made).status)

    def test_guessing_is_slowed_down(self):
        seen = [self.redeem(f"0000-0000-0000-{number:04}").status for number in range(40)]
        self.assertIn(429, seen)
        self.assertEqual(201, self.redeem(self.site.setup_url).status)


if __name__ == "__main__":
    fleet.run_tests()
