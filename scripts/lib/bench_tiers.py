# SPDX-License-Identifier: Apache-2.0
"""The tiers part of scripts/bench: one swarm on real images, once deciding everything on the devices,
once asking the edge for everything, once under the demo's policy. Accuracy is the swarm's own ledger
against the images' labels; energy is simulated on the devices from the constants of frugal/energy.h.
"""

import os
import sys

import demo
from bench_figures import Figure, Skip

sys.path.insert(0, os.path.join(demo.ROOT, "tests", "integration"))
import fleet  # noqa: E402

CLASSES = "tiny:40,m4:40,esp32:40"
DECISIONS = 4000
RATE = 0.5  # decisions a second of each device: all of them are within its hourly cap
MODES = (("local", "all local", 0), ("edge", "all to the edge", 255), ("policy", "the policy", None))


def run_mode(gain):
    """A site and swarm of its own: what the books say at the end."""
    with fleet.Site("bench") as site:
        site.start_all()
        site.define_task()
        swarm = fleet.Swarm(site, CLASSES, rate=RATE)
        release = site.import_release(fleet.RELEASE_1)
        swarm.start("--decisions", DECISIONS)
        swarm.wait_confirmed(site.roll_out(release, site.write_policy(gain)))
        if swarm.child.process.wait(300) != 0:
            raise demo.DemoError("the swarm ended badly:\n" + swarm.child.text()[-2000:])
        energy = site.control("energy")
        site.gateway.stop()
        return swarm.verify(), energy


def per_decision(energy):
    """Microjoules and bytes of one decision; updates and handshakes are the same in every mode."""
    uses = {use["use"]: use for use in energy["uses"] if use["use"] != "updates"}
    share = 1 / energy["inferences"]
    return {"energy_uj": {name: use["joules"] * 1e6 * share for name, use in uses.items()},
            "bytes": sum(use["bytes"] for use in uses.values()) * share,
            "raw_uj": energy["raw_j"] * 1e6 * share, "raw_bytes": energy["raw_bytes"] * share}


def outcome(books, energy):
    return {"decisions": books["decisions_committed"], "accuracy": books["accuracy_system"],
            "escalated": books["escalations_sent"] / books["decisions_produced"],
            "answered": books["escalations_answered"], "clean": books["clean"], **per_decision(energy["fleet"])}


def figures_of(mode, result):
    spent = sum(result["energy_uj"].values())
    parts = ", ".join(f"{name} {value:.0f}" for name, value in result["energy_uj"].items())
    return [Figure(f"{mode}: accuracy", f"{result['accuracy']:.2%}",
                   f"{result['escalated']:.1%} of {result['decisions']:,} escalated", result["clean"]),
            Figure("  energy a decision", f"{spent:.0f} uJ", parts),
            Figure("  bytes on air a decision", f"{result['bytes']:.0f} B",
                   f"every raw input: {result['raw_bytes']:.0f} B, {result['raw_uj']:.0f} uJ")]


def measure(binaries):
    if not fleet.which("mosquitto") or not os.access(os.path.join(binaries, "frugal-swarm"), os.X_OK):
        raise Skip("mosquitto or frugal-swarm is not here")
    fleet.BIN = binaries
    figures, result = [], {}
    for name, title, gain in MODES:
        result[name] = outcome(*run_mode(gain))
        figures += figures_of(title, result[name])
    local, edge, policy = (result[name] for name, _, _ in MODES)
    won = (policy["accuracy"] - local["accuracy"]) / (edge["accuracy"] - local["accuracy"])
    figures.append(Figure("the policy's part of the edge's gain", f"{won:.0%}",
                          f"for {policy['escalated'] / edge['escalated']:.0%} of its escalations",
                          won > policy["escalated"] / edge["escalated"]))
    return figures, {**result, "part_of_gain": won}
