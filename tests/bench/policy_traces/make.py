#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the traces of `scripts/bench policy` from really trained pairs into a cache folder.

    /usr/bin/python3 make.py --cache FOLDER [--seeds 5] [--only NAME]...

Each trace is three files: NAME-SCENARIO-SEED.csv, .extra.csv and .canary.csv (docs/reference).
Models are trained once a data set and kept in memory; finished traces are kept in the folder.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import datasets  # noqa: E402
import pairs  # noqa: E402
import scenarios  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
VERSION = 1  # of the scenarios; a new one makes all traces anew
BASE = ("local_class", "local_confidence_q8", "margin_q8", "edge_class", "true_class")
EXTRA = ("phase", "entropy_conf_q8", "edge_conf_q8", "edge_gain_q8")


def write(path, head, columns):
    partial = path.with_suffix(".partial")
    with open(partial, "w", encoding="ascii") as stream:
        stream.write(",".join(head) + "\n")
        stream.writelines(",".join(map(str, row)) + "\n" for row in zip(*columns))
    os.replace(partial, path)


def write_trace(stem, trace, canary):
    """The trace last, so that an interrupted run is repeated."""
    def columns(answers, names):
        return [getattr(answers, name).tolist() for name in names]

    count = len(canary.true_class)
    write(stem.with_suffix(".canary.csv"), ("seq", "task", *BASE, *EXTRA),
          [range(count), [1] * count, *columns(canary, (*BASE, *EXTRA))])
    count = len(trace.true_class)
    write(stem.with_suffix(".extra.csv"), ("seq", *EXTRA), [range(count), *columns(trace, EXTRA)])
    write(stem.with_suffix(".csv"), ("seq", "task", *BASE),
          [range(count), [1] * count, *columns(trace, BASE)])


def make(name, cache, shared, seeds):
    wanted = [(scenario, seed, cache / f"{name}-{scenario}-{seed}.v{VERSION}")
              for scenario in scenarios.NAMES for seed in range(seeds)]
    wanted = [one for one in wanted if not Path(f"{one[2]}.csv").exists()]
    if not wanted:
        return
    pair = pairs.train(datasets.load(name, cache, shared), 1)
    for scenario, seed, stem in wanted:
        trace, canary = scenarios.make(pair, scenario, seed)
        write_trace(Path(f"{stem}.csv"), trace, canary)
        healthy = trace.phase == 0
        print(f"{name} {scenario} {seed}: device right in "
              f"{(trace.local_class == trace.true_class)[healthy].mean():.3f}, edge in "
              f"{(trace.edge_class == trace.true_class)[healthy].mean():.3f}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", action="append", choices=datasets.NAMES)
    parser.add_argument("--shared", type=Path,
                        default=Path(os.environ.get("FRUGAL_SHARED_DIR", ROOT.parent / "shared")))
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    for name in options.only or datasets.NAMES:
        try:
            make(name, options.cache, options.shared, options.seeds)
        except datasets.Absent as absent:
            print(f"skipped {absent}", file=sys.stderr)


if __name__ == "__main__":
    main()
