#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs inside the container of scripts/test-service: the demo's fleet against the installed units.

Writes one line per fact to /service-result, "ok" or "FAILED" first.
"""

import argparse
import json
import os
import pwd
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import demo  # noqa: E402

RESULT = "/service-result"
SITE = "/var/lib/frugal"
DEVICES = 20
WANTED_DECISIONS = 2_000


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise demo.DemoError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def unit(name, what):
    return run("systemctl", "show", "--property", what, "--value", name)


def wait_for(what, condition, limit_s=60):
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > limit_s:
            raise demo.DemoError(f"timed out after {limit_s} s: {what}")
        time.sleep(0.1)
    return time.monotonic() - began


class Facts:
    def __init__(self):
        self.failed = 0

    def say(self, holds, text):
        self.failed += 0 if holds else 1
        with open(RESULT, "a", encoding="utf-8") as result:
            result.write(f"{'ok    ' if holds else 'FAILED'}  {text}\n")


class ServiceDemo(demo.Demo):
    """The demo with systemd instead of its own broker and gateway."""

    def __init__(self, options, facts):
        super().__init__(options)
        self.facts = facts
        self.site = SITE

    def make_site(self):
        self.mqtt_port, self.http_port = 8883, 8443
        print(run("frugal-setup", "--name", "demo"))
        wait_for("the gateway to be ready", self.is_ready)
        started = int(unit("frugald", "ActiveEnterTimestampMonotonic"))
        began = int(unit("frugald", "InactiveExitTimestampMonotonic"))
        self.facts.say(True, f"frugald.service READY {(started - began) / 1e6:.2f} s after its start")
        for name, user in (("frugald", "frugal"), ("frugal-broker", "frugal-broker")):
            owner = pwd.getpwuid(os.stat(f"/proc/{unit(name, 'MainPID')}").st_uid).pw_name
            self.facts.say(owner == user, f"{name} runs as {owner}")
            report = subprocess.run(["systemd-analyze", "security", "--no-pager", f"{name}.service"],
                                    capture_output=True, text=True, check=False).stdout
            exposure = float(re.search(r"exposure level for \S+: ([0-9.]+)", report).group(1))
            self.facts.say(exposure <= 1.5, f"{name}.service exposure {exposure} (limit 1.5)")

    def kill(self, name):
        """SIGKILL in the middle of the work; systemd has to bring it back, once."""
        before = int(unit(name, "NRestarts"))
        old = unit(name, "MainPID")
        run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", name)
        seconds = wait_for(f"{name} to come back", lambda: unit(name, "ActiveState") == "active"
                           and unit(name, "MainPID") not in ("0", old))
        wait_for("the gateway to be ready", self.is_ready)
        restarts = int(unit(name, "NRestarts")) - before
        self.facts.say(restarts == 1, f"{name} killed with SIGKILL, back after {seconds:.1f} s, NRestarts +{restarts}")

    def total(self):
        return self.control("status")["overview"]["decisions"]["total"]

    def work(self):
        self.make_site()
        self.make_fleet()
        self.roll_out(1)
        self.facts.say(True, f"{self.confirmed()} of {self.options.devices} devices confirmed the first release")
        self.wait("decisions", lambda: self.total() > WANTED_DECISIONS // 4)
        self.kill("frugald")
        self.wait("decisions", lambda: self.total() > WANTED_DECISIONS // 2)
        self.kill("frugal-broker")
        self.wait("decisions", lambda: self.total() > WANTED_DECISIONS)
        self.revoke_one()
        reloads = int(unit("frugal-broker-reload.service", "ExecMainStartTimestampMonotonic"))
        self.facts.say(reloads > 0, f"{self.revoked} revoked, the path unit reloaded the broker")
        self.compare()
        self.stop_units()

    def compare(self):
        """The swarm's own ledger against the database."""
        self.stop(self.swarm)
        self.facts.say(not self.ended_badly, "the swarm ended well")
        ledger = json.loads(run(self.path("frugal-swarm"), "verify", "--ledger", self.state, "--database",
                                f"{SITE}/frugal.db", "--scan", SITE, "--json").splitlines()[-1])
        for key in ("lost", "duplicated", "raw_bytes_at_rest"):
            self.facts.say(ledger[key] == 0, f"{key} {ledger[key]}")
        count = ledger["decisions_committed"]
        self.facts.say(count >= WANTED_DECISIONS, f"decisions committed {count}")

    def stop_units(self):
        began = time.monotonic()
        run("systemctl", "stop", "frugald")
        good = unit("frugald", "Result") == "success"
        self.facts.say(good, f"systemctl stop frugald: {unit('frugald', 'Result')}, {time.monotonic() - began:.1f} s")


def main():
    facts = Facts()
    options = argparse.Namespace(build="/usr", once=True, json=True, devices=DEVICES, seed=1, keep=True)
    service = ServiceDemo(options, facts)
    try:
        service.work()
    except (demo.DemoError, subprocess.SubprocessError, KeyError, OSError) as error:
        facts.say(False, f"stopped early: {error}")
        for name in ("frugald", "frugal-broker"):
            print(subprocess.run(["journalctl", "--no-pager", "-n", "40", "-u", name], capture_output=True,
                                 text=True, check=False).stdout)
    finally:
        service.stop_all()
    facts.say(facts.failed == 0, f"{facts.failed} facts failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
