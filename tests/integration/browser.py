# SPDX-License-Identifier: Apache-2.0
"""Debian's Chromium, headless, over the WebDriver protocol of its chromedriver (plain HTTP).

One Browser owns one chromedriver and one session; leaving the `with` ends both. It trusts any
certificate, because a site's authority is its own.
"""

import base64
import http.client
import json
import os
import shutil
import tempfile

import fleet

TOOLS = ("chromium", "chromedriver")
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb"]


class Browser:
    def __init__(self, site, width=1100, height=900, dark=False):
        self.port = fleet.free_port()
        self.profile = tempfile.mkdtemp(prefix="frugal-chromium-")
        self.driver = site.start("chromedriver", fleet.which("chromedriver"),
                                 f"--port={self.port}", "--allowed-ips=127.0.0.1")
        self.session = None
        flags = FLAGS + [f"--window-size={width},{height}", f"--user-data-dir={self.profile}"]
        if dark:
            flags.append("--blink-settings=preferredColorScheme=0")
        self.options = {"binary": fleet.which("chromium"), "args": flags}

    def __enter__(self):
        fleet.wait_for("chromedriver answers", self.is_up)
        made = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "acceptInsecureCerts": True,
            "goog:chromeOptions": self.options, "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.session = f"/session/{made['sessionId']}"
        return self

    def __exit__(self, *_):
        try:
            self.call("DELETE", self.session)
        finally:
            self.driver.stop()
            shutil.rmtree(self.profile, ignore_errors=True)

    def is_up(self):
        try:
            return self.call("GET", "/status")["ready"]
        except OSError:
            return False

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None,
                               {"Content-Type": "application/json"})
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value:
            raise fleet.FleetError(f"{value['error']}: {value['message'][:500]}")
        return value

    def open(self, url):
        self.call("POST", self.session + "/url", {"url": url})

    def script(self, text, *arguments):
        return self.call("POST", self.session + "/execute/sync",
                         {"script": text, "args": list(arguments)})

    def text(self):
        return self.script("return document.body.innerText")

    def console(self):
        """What the page logged since the last call."""
        return self.call("POST", self.session + "/se/log", {"type": "browser"})

    def screenshot(self, name):
        os.makedirs(fleet.OUTPUT, exist_ok=True)
        path = os.path.join(fleet.OUTPUT, name + ".png")
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("GET", self.session + "/screenshot")))
        return path
