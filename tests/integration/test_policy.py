#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Policies on a real site: versions, differences in words, shadow, shares, abort, revert, and an
answer explained.
"""

import os
import unittest

import fleet

ESCALATED_FOR_GAIN = 10


@fleet.needs("mosquitto")
class PolicyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = fleet.Site.of_class(cls)
        cls.site.define_task()
        cls.swarm = fleet.Swarm(cls.site, "tiny:4,m4:4", rate=10, labels={"m4": "east"})
        cls.swarm.start()
        cls.release = cls.site.import_release(fleet.RELEASE_1)
        cls.swarm.wait_confirmed(cls.site.roll_out(cls.release))

    def dearer(self):
        """The project's policy at twice the price of a payload."""
        path = os.path.join(self.site.folder, "dearer.toml")
        with open(fleet.POLICY, encoding="utf-8") as file, open(path, "w", encoding="utf-8") as out:
            out.write(file.read().replace("payload = 13", "payload = 26"))
        return path

    def set(self, *options):
        return self.site.control("policy", "set", fleet.TASK, self.dearer(), "--release", self.release, *options)

    def status(self):
        return self.site.control("policy", "rollout", "status", fleet.TASK)

    def obeyed(self):
        """Versions the devices say they obey, with how many do."""
        counts = {}
        for name in self.swarm.names:
            for task in (self.site.device(name).get("health") or {}).get("tasks", []):
                counts[task["policy"]] = counts.get(task["policy"], 0) + 1
        return counts

    def test_what_check_refuses_comes_into_force_by_no_way(self):
        path = os.path.join(self.site.folder, "uncapped.toml")
        with open(fleet.POLICY, encoding="utf-8") as file, open(path, "w", encoding="utf-8") as out:
            out.write(file.read().replace("node_per_hour = 2040, ", ""))
        before = self.site.control("policy", "history", fleet.TASK)["versions"]
        for verb in (("check", path), ("set", fleet.TASK, path, "--release", self.release, "--at-once"),
                     ("diff", fleet.TASK, path, "--release", self.release),
                     ("simulate", path, "--task", fleet.TASK, "--release", self.release)):
            refused = self.site.control_raw("policy", *verb)
            self.assertEqual(1, refused.returncode, refused.stderr)
            self.assertIn(f"{path}:14:1: the task may escalate without a cap", refused.stderr)
        self.assertEqual(before, self.site.control("policy", "history", fleet.TASK)["versions"])

    def test_a_dry_run_tells_all_and_changes_nothing(self):
        before = self.site.control("policy", "history", fleet.TASK)
        tried = self.set("--dry-run")
        self.assertEqual("frugal.cli/v1/policy-set-dry-run", tried["schema"])
        self.assertTrue(tried["dry_run"] and tried["staged"])
        self.assertGreater(tried["version"], before["versions"][0]["version"])
        self.assertIn("price of payload", [row["what"] for row in tried["differences"]])
        self.assertFalse(self.set("--dry-run", "--at-once")["staged"])
        self.assertEqual(before, self.site.control("policy", "history", fleet.TASK))

    def test_a_release_that_is_not_there_or_not_run_is_told(self):
        self.assertEqual([], self.set("--dry-run")["remarks"])
        name, number = self.release.split("@")
        missing = f"{name}@{int(number) + 50}"
        for verb in (("set", fleet.TASK, self.dearer()), ("diff", fleet.TASK, self.dearer()),
                     ("simulate", self.dearer(), "--task", fleet.TASK)):
            refused = self.site.control_raw("policy", *verb, "--release", missing)
            self.assertEqual(3, refused.returncode, refused.stderr)
            self.assertIn(f"there is no release {missing}", refused.stderr)
            self.assertIn("newest of", refused.stderr)
        newer = self.site.import_release(fleet.RELEASE_2)
        tried = self.site.control("policy", "set", fleet.TASK, self.dearer(), "--release", newer, "--dry-run")
        self.assertEqual(1, len(tried["remarks"]))
        self.assertIn(f"runs {newer}", tried["remarks"][0])

    def test_who_has_not_seen_the_newest_changes_nothing(self):
        address = "/api/v1/tasks/1/policy"
        seen = self.site.request("GET", address)
        self.assertEqual(200, seen.status)
        tag = seen.headers["etag"]
        number = int(tag.strip('"'))
        self.assertEqual(number, seen.json()["version"])
        newer = self.set("--at-once", "--if-version", number)["version"]
        refused = self.site.control_raw("policy", "set", fleet.TASK, self.dearer(), "--release", self.release,
                                        "--at-once", "--if-version", number)
        self.assertEqual(4, refused.returncode, refused.stderr)
        self.assertIn(f"version {newer} by ", refused.stderr)
        with open(self.dearer(), encoding="utf-8") as file:
            text = file.read()

        def put(if_match, query="&at_once=true"):
            return self.site.request("PUT", f"{address}?release={self.release}{query}", text, "application/toml",
                                     fields={"If-Match": if_match})
        stale = put(tag)
        self.assertEqual(412, stale.status)
        problem = stale.json()
        self.assertEqual(("conflict", 412), (problem["code"], problem["status"]))
        self.assertTrue(problem["detail"] and problem["cause"] and problem["remedy"])
        self.assertEqual(412, put(tag, "&dry_run=true").status)
        self.assertEqual(400, put("7").status)
        self.assertEqual(newer, self.site.control("policy", "history", fleet.TASK)["versions"][0]["version"])
        done = put(f'"{newer}"')
        self.assertEqual(200, done.status)
        self.assertEqual(f'"{done.json()["version"]}"', done.headers["etag"])
        nobody = self.site.request("GET", address + "?device=" + self.swarm.names[-1])
        self.assertEqual(404, nobody.status)

    def test_a_policy_goes_its_way_and_back(self):
        first = self.site.control("policy", "history", fleet.TASK)
        self.assertEqual([first["versions"][0]["version"]], first["in_force"])
        preview = self.site.control("policy", "diff", fleet.TASK, self.dearer(), "--release", self.release)
        self.assertIn(("price of payload", "13", "26"),
                      [(row["what"], row["before"], row["after"]) for row in preview["differences"]])

        made = self.set("--shadow", 0, "--shares", "50,100", "--wait", 0, "--comment", "dearer radio")
        self.assertTrue(made["staged"])
        fleet.wait_for("would-be answers", lambda: self.status()["shadow"]["answers"] > 50, 60, 0.5)
        fleet.wait_for("a word from all", lambda: sum(self.obeyed().values()) == len(self.swarm.names), 60, 0.5)
        self.assertEqual({first["in_force"][0]: len(self.swarm.names)}, self.obeyed(), "the shadow is not obeyed")

        self.site.control("policy", "rollout", "resume", fleet.TASK)
        fleet.wait_for("some obey it", lambda: made["version"] in self.obeyed(), 60, 0.5)
        self.assertEqual("running", self.status()["status"])
        back = self.site.control("policy", "rollout", "abort", fleet.TASK)
        fleet.wait_for("all are back", lambda: self.obeyed() == {back["version"]: len(self.swarm.names)}, 60, 0.5)
        versions = self.site.control("policy", "history", fleet.TASK)["versions"]
        self.assertEqual(["reverted", "authored"], [version["origin"] for version in versions[:2]])
        self.assertEqual(versions[0]["digest"], versions[-1]["digest"])
        same = self.site.control("policy", "diff", fleet.TASK, back["version"], first["in_force"][0])
        self.assertEqual([], same["differences"])

        again = self.site.control("policy", "revert", fleet.TASK, "--to", made["version"])
        self.assertFalse(again["staged"])
        shown = self.site.control("policy", "show", fleet.TASK)
        self.assertEqual(again["version"], shown["version"])
        self.assertIn("payload = 26", shown["text"])
        self.assertEqual(250, shown["group_share_permille"], "as the file says, and still after going back")
        self.assertTrue(any("price of payload: 26" in line for line in shown["rules"][0]["lines"]))

    def test_decisions_are_explained(self):
        device = self.swarm.names[0]
        fleet.wait_for("a decision", lambda: self.site.decisions_of(device), 30)
        sequence = self.site.decisions_of(device)[-1][0]
        told = self.site.control("policy", "explain", device, sequence)
        self.assertEqual(sequence, told["sequence"])
        self.assertTrue(any("policy version" in line for line in told["lines"]), told["lines"])

        def asked_before():
            rows = self.site.decisions_of(device)
            return [row[0] for row in rows[:-16] if row[3] == 2 and row[4] == ESCALATED_FOR_GAIN]
        older = fleet.wait_for("an older answer of the edge", asked_before, 60, 0.5)[-1]

        def explained():
            lines = "\n".join(self.site.control("policy", "explain", device, older)["lines"])
            return "the gateway named a price of" in lines and lines
        # The learner stores what was asked some seconds after the decision itself is stored.
        lines = fleet.wait_for("what the gateway stored with its answer", explained, 60, 1)
        self.assertIn("gain and price as they were then are gone", lines)
        self.assertIn("local answer: class", lines, "what it asked with, not what the edge said")
        self.assertIn("recomputed", lines)
        refused = self.site.control_raw("policy", "explain", device, 10**12)
        self.assertEqual(3, refused.returncode)

    def versions_by_device(self):
        return {name: {task["policy"] for task in (self.site.device(name).get("health") or {}).get("tasks", [])}
                for name in self.swarm.names}

    def test_one_device_has_a_policy_of_its_own(self):
        odd, others = self.swarm.names[0], self.swarm.names[1:]

        def is_told(own, least):
            """The learner may set newer ones for the others meanwhile."""
            told = self.versions_by_device()
            return told[odd] == {own} and all(own not in told[name] and max(told[name], default=0) >= least
                                              for name in others)

        def tiers_under(version):
            """Of decisions that it surely made under this version: not the first ten that came in."""
            known = len(self.site.decisions_of(odd))
            fleet.wait_for("new decisions", lambda: len(self.site.decisions_of(odd)) > known + 30, 60, 0.5)
            self.assertEqual({version}, self.versions_by_device()[odd])
            return {row[3] for row in self.site.decisions_of(odd)[known + 10:]}

        before = self.site.control("policy", "history", fleet.TASK)["in_force"][-1]
        local = self.site.control("policy", "pin", fleet.TASK, "always-local", "--device", odd)["version"]
        fleet.wait_for("it alone is told", lambda: is_told(local, before), 60, 0.5)
        self.assertEqual({1}, tiers_under(local), "all local")
        edge = self.site.control("policy", "pin", fleet.TASK, "always-edge", "--device", odd)["version"]
        fleet.wait_for("it alone is told", lambda: is_told(edge, before), 60, 0.5)
        self.assertIn(2, tiers_under(edge), "it asks the edge")

        self.site.gateway.kill()
        self.site.start_gateway()
        of_class = self.set("--at-once")["version"]
        fleet.wait_for("the others go on", lambda: is_told(edge, of_class), 90, 0.5)
        shown = self.site.control("policy", "show", fleet.TASK, "--device", odd)
        self.assertEqual((edge, odd), (shown["version"], shown["device"]))
        self.assertIn('pin = "always-edge"', shown["text"])
        told = self.site.control("device", "show", odd)["policies"]
        self.assertEqual([(edge, odd)], [(policy["version"], policy["device"]) for policy in told])
        rows = self.site.control("policy", "diff", fleet.TASK, of_class, edge)["differences"]
        self.assertIn("always-edge", [row["after"] for row in rows])

        back = self.site.control("policy", "clear", fleet.TASK, "--device", odd)["version"]
        self.assertGreater(back, of_class)
        fleet.wait_for("it obeys its class", lambda: max(self.versions_by_device()[odd], default=0) >= back, 60, 0.5)
        below = self.site.control("policy", "show", fleet.TASK, "--version", back)["source"]
        self.assertEqual([], self.site.control("policy", "diff", fleet.TASK, back, below)["differences"])
        both = self.site.control("policy", "revert", fleet.TASK, "--to", before)["version"]
        fleet.wait_for("it goes with its class", lambda: max(self.versions_by_device()[odd], default=0) >= both, 60, 0.5)
        self.assertEqual([], self.site.control("policy", "history", fleet.TASK)["overrides"])

    def test_the_devices_with_a_label_have_one_too(self):
        east = [name for name in self.swarm.names if name.startswith("m4")]
        odd = east[0]

        def are_told(version, names):
            told = self.versions_by_device()
            return all((told[name] == {version}) == (name in names) for name in told)

        local = self.site.control("policy", "pin", fleet.TASK, "always-local", "--label", "east")["version"]
        fleet.wait_for("they alone are told", lambda: are_told(local, east), 60, 0.5)
        edge = self.site.control("policy", "pin", fleet.TASK, "always-edge", "--device", odd)["version"]
        fleet.wait_for("its own goes before its label's",
                       lambda: are_told(edge, [odd]) and are_told(local, east[1:]), 60, 0.5)
        shown = self.site.control("policy", "show", fleet.TASK, "--version", local)
        self.assertEqual((local, "east"), (shown["version"], shown["label"]))
        self.assertEqual("frugal.cli/v1/policy-show", shown["schema"])
        shown = self.site.control("policy", "show", fleet.TASK, "--label", "east")
        self.assertEqual("frugal.cli/v1/policy-show-label", shown["schema"])
        self.assertEqual([(local, ["m4"])], [(one["version"], one["obeyed_by"]) for one in shown["versions"]])
        self.assertIn('pin = "always-local"', shown["versions"][0]["text"])
        back = self.site.control("policy", "clear", fleet.TASK, "--device", odd)["version"]
        fleet.wait_for("it obeys its label's", lambda: are_told(back, [odd]), 60, 0.5)
        self.assertEqual([], self.site.control("policy", "diff", fleet.TASK, back, local)["differences"])

        end = self.site.control("policy", "clear", fleet.TASK, "--label", "east")["version"]
        fleet.wait_for("they obey their class's",
                       lambda: all(max(self.versions_by_device()[name], default=0) >= end for name in east), 60, 0.5)
        below = self.site.control("policy", "show", fleet.TASK, "--version", end)["source"]
        self.assertEqual([], self.site.control("policy", "diff", fleet.TASK, end, below)["differences"])
        self.set("--at-once")
        self.assertEqual([], self.site.control("policy", "history", fleet.TASK)["overrides"])

    def test_who_cannot_have_one_is_told_why(self):
        for options, cause in ((("--device", "nobody"), "nobody"), (("--label", "nowhere"), "no label nowhere"),
                               ((), "nobody is named")):
            refused = self.site.control_raw("policy", "pin", fleet.TASK, "always-edge", *options)
            self.assertNotEqual(0, refused.returncode)
            self.assertIn(cause, refused.stderr)
        refused = self.site.control_raw("policy", "show", fleet.TASK, "--label", "nowhere")
        self.assertIn("label nowhere of task 1 has no policy", refused.stderr)
        refused = self.site.control_raw("policy", "clear", fleet.TASK, "--device", self.swarm.names[1])
        self.assertIn("no such override to clear", refused.stderr)
        refused = self.site.control_raw("policy", "diff", fleet.TASK, 1)
        self.assertIn("nothing to compare with is named", refused.stderr)


if __name__ == "__main__":
    fleet.run_tests()
