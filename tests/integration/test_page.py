#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The live page in Debian's Chromium, over HTTPS, with a fleet behind it.

Figures show and change, a restarted gateway is found again, without a token or with a wrong one
the page asks for it, nothing is logged as an error. Screenshots stay in the build tree.
"""

import re
import unittest

import fleet
from browser import TOOLS, Browser


@fleet.needs("mosquitto", *TOOLS)
class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = fleet.Site.of_class(cls)
        cls.site.define_task()
        cls.swarm = fleet.Swarm(cls.site, "tiny:3,m4:3,esp32:3", rate=10)
        cls.swarm.start()
        rollout = cls.site.roll_out(cls.site.import_release(fleet.RELEASE_1))
        cls.swarm.wait_confirmed(rollout)
        cls.address = cls.site.setup_url.split("/start")[0]

    def wait_text(self, browser, pattern, seconds=20):
        def found():
            return re.search(pattern, browser.text(), re.DOTALL | re.IGNORECASE)
        try:
            return fleet.wait_for(f"the page shows {pattern}", found, seconds, 0.2)
        except fleet.FleetError:
            browser.screenshot("page-failed")
            raise fleet.FleetError(f"no {pattern} in:\n{browser.text()}\n{browser.console()}")

    def committed(self, browser):
        match = self.wait_text(browser, r"committed\s+([\d,]+)")
        return int(match.group(1).replace(",", ""))

    def assert_no_errors(self, browser, allowed=()):
        errors = [entry["message"] for entry in browser.console()
                  if entry["level"] in ("SEVERE", "WARNING")
                  and not any(word in entry["message"] for word in allowed)]
        self.assertEqual([], errors)

    def test_figures_show_and_change(self):
        with Browser(self.site) as browser:
            browser.open(self.site.start_url())
            self.wait_text(browser, r"9 / 9\s+devices online")
            self.wait_text(browser, r"9 / 9\s+confirmed on fashion@1")
            self.wait_text(browser, r"live")
            # The code is in the address no longer, nor in the history.
            self.assertEqual(self.address + "/start", browser.script("return location.href"))
            before = self.committed(browser)
            fleet.wait_for("the count grows", lambda: self.committed(browser) > before + 500)
            self.wait_text(browser, r"answered by the edge")
            # Three classes, each with the table of the Deep Compression paper.
            self.wait_text(browser, r"size by stage.*signed by this gateway.*class tiny"
                                    r".*as given.*in full, profile 0.*in full, profile 2.* x")
            self.wait_text(browser, r"learning when to ask.*class tiny\s+all\s+fashion@1 [0-9a-f]{8}\s+[0-9a-f]{8}\s+isogain.*\d+/256", 40)
            self.assert_no_errors(browser)
            print("screenshot", browser.screenshot("page"))
            # A reload of the tab keeps the token.
            browser.open(self.address + "/")
            self.wait_text(browser, r"devices online")
            self.assert_no_errors(browser)

    def test_small_and_dark(self):
        with Browser(self.site, 500, 1500, dark=True) as browser:
            browser.open(self.site.start_url())
            self.wait_text(browser, r"devices online")
            widths = browser.script("const root = document.documentElement;"
                                    "return [root.scrollWidth, root.clientWidth]")
            self.assertLessEqual(widths[0], widths[1])
            self.assert_no_errors(browser)
            print("screenshot", browser.screenshot("page-small"))

    def test_a_restarted_gateway_is_found_again(self):
        with Browser(self.site) as browser:
            browser.open(self.site.start_url())
            before = self.committed(browser)
            self.site.gateway.kill()
            self.wait_text(browser, r"reconnecting|no news")
            print("screenshot", browser.screenshot("page-reconnecting"))
            self.site.start_gateway()
            self.wait_text(browser, r"\blive\b", 40)
            fleet.wait_for("the count grows", lambda: self.committed(browser) > before + 50, 40)
            self.assert_no_errors(browser, ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE",
                                            "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET"])

    def test_without_a_token_and_with_a_wrong_one(self):
        with Browser(self.site) as browser:
            browser.open(self.address + "/")
            self.wait_text(browser, r"needs an access token")
            print("screenshot", browser.screenshot("page-no-token"))
            self.assert_no_errors(browser)
            browser.open(self.address + "/start#0000-0000-0000-0000")
            self.wait_text(browser, r"start link is not valid")
            print("screenshot", browser.screenshot("page-wrong-link"))
            self.assert_no_errors(browser, ["401"])
            self.type_token(browser, "frg_still_wrong")
            self.wait_text(browser, r"not valid here")
            self.type_token(browser, self.site.make_token())
            self.wait_text(browser, r"devices online")
            self.assert_no_errors(browser, ["401"])

    def test_a_link_opens_the_page_once(self):
        link = self.site.start_url()
        with Browser(self.site) as browser:
            browser.open(link)
            self.wait_text(browser, r"devices online")
        with Browser(self.site) as browser:
            browser.open(link)
            self.wait_text(browser, r"start link was used already")
            print("screenshot", browser.screenshot("page-used-link"))
            self.assert_no_errors(browser, ["410"])

    @staticmethod
    def type_token(browser, token):
        browser.script("document.querySelector('input').value = arguments[0];"
                       "document.querySelector('form').requestSubmit()", token)

    def test_headers_keep_strangers_out(self):
        answer = self.site.request("GET", "/")
        headers = {name.lower(): value for name, value in answer.headers.items()}
        self.assertIn("default-src 'none'", headers["content-security-policy"])
        self.assertEqual("nosniff", headers["x-content-type-options"])
        self.assertNotIn("set-cookie", headers)
        self.assertNotRegex(answer.body, rb"frg_[0-9a-f]{12}_")


if __name__ == "__main__":
    fleet.run_tests()
