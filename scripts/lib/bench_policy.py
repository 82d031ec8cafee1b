# SPDX-License-Identifier: Apache-2.0
"""The policy part of scripts/bench: replays traces of really trained pairs and holds the figures
against the goals. The traces are made once, into the build folder, by tests/bench/policy_traces.
"""

import glob
import json
import os
import statistics
import subprocess

import demo
from bench_figures import Figure, Skip

COSTS = (0.05, 0.1, 0.2, 0.3, 0.5)
TRACE_SEEDS = 3
REPLAY_SEEDS = 5
DRIFTS = ("drift", "prior", "fault", "badedge")
MAKER = os.path.join(demo.ROOT, "tests", "bench", "policy_traces", "make.py")


def make_traces(folder):
    """Training all pairs takes about a minute the first time."""
    subprocess.run(["/usr/bin/python3", MAKER, "--cache", folder, "--seeds", str(TRACE_SEEDS)], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=900)
    stems = [path.removesuffix(".canary.csv") for path in sorted(glob.glob(os.path.join(folder, "*.canary.csv")))]
    return [stem for stem in stems if int(os.path.basename(stem).split("-")[2].split(".")[0]) < TRACE_SEEDS]


def replay(frugalctl, stem, cost):
    """The report of one trace at one cost, with what the trace is called."""
    done = subprocess.run(
        [frugalctl, "--json", "policy", "replay", "--trace", f"{stem}.csv", "--extra", f"{stem}.extra.csv",
         "--canary", f"{stem}.canary.csv", "--cost", str(cost), "--seeds", str(REPLAY_SEEDS)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise demo.DemoError(f"policy replay of {stem}: {done.stderr[-1000:]}")
    data, scenario, _ = os.path.basename(stem).split("-")
    return {"data": data, "scenario": scenario, "cost": cost, **json.loads(done.stdout)}


def over(reports, name, key="over_best_fixed_percent"):
    return [policy[key] for report in reports for policy in report["policies"] if policy["name"] == name]


def by_pair(reports):
    """Mean percentage of isogain for each (data, cost), over the trace seeds."""
    groups = {}
    for report in reports:
        groups.setdefault((report["data"], report["cost"]), []).extend(over([report], "isogain"))
    return {key: statistics.mean(values) for key, values in groups.items()}


def recoveries(reports):
    """Tasks from the onset of each fault until isogain was near the best threshold again."""
    return [policy["recovery_tasks"][0] for report in reports if report["scenario"] == "fault"
            for policy in report["policies"] if policy["name"] == "isogain" and policy["recovery_tasks"]]


def summarise(reports):
    """The figures that goals are about, and every policy's mean by scenario."""
    still = [report for report in reports if report["scenario"] == "stationary"]
    moving = [report for report in reports if report["scenario"] in DRIFTS]
    pairs = by_pair(still)
    delays = recoveries(reports)
    means = {}
    for scenario in ("stationary", *DRIFTS):
        chosen = [report for report in reports if report["scenario"] == scenario]
        names = dict.fromkeys(policy["name"] for report in chosen for policy in report["policies"])
        means[scenario] = {name: statistics.mean(over(chosen, name)) for name in names}
    return {"traces": len({report["trace"] for report in reports}), "replays": len(reports),
            "data_sets": sorted({report["data"] for report in reports}), "means_percent": means,
            "stationary_mean_percent": statistics.mean(pairs.values()),
            "stationary_worst_percent": max(pairs.values()),
            "stationary_worst": "{} at cost {}".format(*max(pairs, key=pairs.get)),
            "drift_mean_percent": statistics.mean(over(moving, "isogain")),
            "drift_worst_seed_percent": max(over(moving, "isogain", "worst_over_best_fixed_percent")),
            "recovery_median_tasks": statistics.median(delays), "recovery_worst_tasks": max(delays)}


def measure(frugalctl, folder):
    """(figures, result) as every part of the bench gives them."""
    if not os.access(frugalctl, os.X_OK):
        raise Skip("frugalctl is not built")
    reports = [replay(frugalctl, stem, cost) for stem in make_traces(folder) for cost in COSTS]
    result = summarise(reports)
    figures = [
        Figure("data sets, traces, replays", f"{len(result['data_sets'])}, {result['traces']}, {result['replays']}",
               "at least six data sets", len(result["data_sets"]) >= 6),
        Figure("isogain over the best fixed threshold", "", "hindsight; % of cost"),
        Figure("  stationary, mean", f"{result['stationary_mean_percent']:+.2f} %", "goal at most +1.5 %",
               result["stationary_mean_percent"] <= 1.5),
        Figure("  stationary, worst data set and cost", f"{result['stationary_worst_percent']:+.2f} %",
               f"goal at most +3.5 %; {result['stationary_worst']}", result["stationary_worst_percent"] <= 3.5),
        Figure("  drift, faults and bad edge, mean", f"{result['drift_mean_percent']:+.2f} %", "goal at most 0 %",
               result["drift_mean_percent"] <= 0),
        Figure("  drift, faults and bad edge, worst seed", f"{result['drift_worst_seed_percent']:+.2f} %",
               "goal at most +10 %", result["drift_worst_seed_percent"] <= 10),
        Figure("  recovery from a device fault, median", f"{result['recovery_median_tasks']:.0f} tasks",
               f"goal at most 1,000; worst {result['recovery_worst_tasks']:,}", result["recovery_median_tasks"] <= 1000),
    ]
    for name in result["means_percent"]["stationary"]:
        row = " ".join(f"{result['means_percent'][scenario][name]:+8.1f}" for scenario in ("stationary", *DRIFTS))
        figures.append(Figure(f"  {name}", "", row))
    figures.insert(-len(result["means_percent"]["stationary"]),
                   Figure("mean % over best-fixed", "", " ".join(f"{one:>8.8}" for one in ("still", *DRIFTS))))
    return figures, result
