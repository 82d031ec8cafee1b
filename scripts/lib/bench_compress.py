# SPDX-License-Identifier: Apache-2.0
"""Parts kws and lenet of scripts/bench: models made smaller at a loss."""

import os
from concurrent import futures

import demo
from bench_figures import Figure, Skip, run_json

ROOT = demo.ROOT


def shared_folder():
    return os.environ.get("FRUGAL_SHARED_DIR", os.path.join(os.path.dirname(ROOT), "shared"))


def measure_kws(context):
    if not os.path.exists(os.path.join(shared_folder(), "models", "tflite", "kws_ref_int8.tflite")):
        raise Skip("the public keyword model is not here (FRUGAL_SHARED_DIR)")
    command = [context.binary("kws_bench"), "--json"]
    for name in ("inputs", "evaluation", "labels"):
        value = getattr(context.options, "kws_" + name)
        command += ["--" + name, value] if value else []
    result = run_json(command, 120)
    drop = result.get("accuracy_before", 0) - result.get("accuracy_after", 0)
    made_up = "made-up inputs: agreement only" if result["made_up_inputs"] else "inputs as given"
    figures = [
        Figure("keyword model, whole package", f"{result['package_bytes']:,} B",
               f"goal 14,000 B; file {result['raw_bytes']:,}, packed losslessly {result['packed_before_bytes']:,}",
               result["package_bytes"] <= 14000),
        Figure("  same class as the original", f"{result['agreement']:.2%}", f"{result['inputs']} inputs, {made_up}"),
        Figure("  time", f"{result['seconds']:.1f} s", "goal 60 s", result["seconds"] < 60),
    ]
    if "accuracy_before" in result:
        figures.append(Figure("  accuracy", f"{result['accuracy_after']:.2%}",
                              f"goal: at most 0.5 points below {result['accuracy_before']:.2%}", drop <= 0.005))
    return figures, result


def delta_figures(context):
    """(figures, result): the second version of a model of our own as a delta, lossless and by rate and distortion."""
    try:
        result = run_json([context.binary("delta_bench"), "--json"], 180)
    except (Skip, demo.DemoError) as error:
        return [Figure("delta by rate and distortion", "skipped", str(error).strip().splitlines()[-1])], None
    less = result["delta_bytes"] / result["lossless_bytes"]
    return [
        Figure("fashion-small-2 as a lossless delta", f"{result['lossless_bytes']:,} B",
               f"to fashion-small-1; whole {result['full_bytes']:,} B"),
        Figure("  by rate and distortion", f"{result['delta_bytes']:,} B",
               f"{less:.2f} of that; agreement {result['agreement']:.2%} on {result['inputs']:,} test images"),
        Figure("  accuracy", f"{result['accuracy_after']:.2%}", f"before {result['accuracy_before']:.2%}"),
    ], result


def lenet_figures(name, result):
    figures = [Figure(f"LeNet-300-100 on {name}, dense", f"{result['dense_error']:.2%} error", "float32, 1,066,440 B")]
    for row in result.get("curves", []):
        figures.append(Figure(f"  pruned to {row['density']:.0%}, no retraining, OBC", f"{row['obc']:.2f} % error",
                              f"magnitude {row['magnitude']:.2f}, OBD textbook {row['obd_textbook']:.2f}, "
                              f"softened {row['obd_softened']:.2f}, layer output {row['obd_layer_output']:.2f}"))
    paper = result.get("paper", {})
    for stage, goal in (("pruned", "12x"), ("shared", "32x"), ("huffman", "40x")) if paper else ():
        size = paper[stage + "_bytes"]
        figures.append(Figure(f"  Deep Compression's stages: {stage}", f"{paper['dense_bytes'] / size:.1f}x",
                              f"{size:,} B; the paper: {goal}"))
    for kind, goals, error in (("one_shot", (36, 40), result["dense_error"] + 0.001), ("retrained", (50, 70), 0.0164)):
        rows, label = result.get(kind, []), kind.replace("_", " ")
        for row in rows:
            figures.append(Figure(f"  {label}: {row['name']}", f"{row['ratio']:.1f}x",
                                  f"{row['bytes']:,} B, {row['error']:.2%} error, held back {row['held_back_error']:.2%}"))
        if name == "mnist" and rows:
            figures += goal_figures(label, rows, result, goals, error)
    return figures + drift_figures(name, result.get("drift", []))


def drift_figures(name, rows):
    """Deltas to a version trained on with turned images: of compression.md F4, at most 0.35 points lost."""
    if not rows:
        return []
    exact, goal = rows[0], name == "mnist"
    figures = [Figure(f"  turned images: {row['name']}", f"{row['delta_bytes']:,} B",
                      f"delta; full {row['full_bytes']:,} B, {row['error']:.2%} error, agreement {row['agreement']:.2%}")
               for row in rows]
    fitting = [row for row in rows if row["error"] <= exact["error"] + 0.0035]
    least = min(fitting, key=lambda row: row["delta_bytes"])
    return figures + [Figure("  turned images: lossless delta", f"{exact['delta_bytes']:,} B", "goal 80,000 B",
                             exact["delta_bytes"] <= 80_000 if goal else None),
                      Figure("  turned images: least at 0.35 points lost", f"{least['delta_bytes']:,} B",
                             f"goal 14,000 B; {least['error']:.2%} error", least["delta_bytes"] <= 14_000 if goal else None)]


def goal_figures(label, rows, result, goals, error):
    """The goal speaks of the test images; beside it, what a person with held-back images alone would have picked."""
    fitting = [row for row in rows if row["error"] <= error]
    if fitting:
        least = max(fitting, key=lambda row: row["ratio"])
        name = f"  {label}: smallest within the goal's error"
    else:
        least = min(rows, key=lambda row: row["error"])
        name = f"  {label}: none within the goal's error, the best"
    figures = [Figure(name, f"{least['ratio']:.1f}x at {least['error']:.2%}",
                      f"goal {goal}x at {error:.2%} at most, on the test images",
                      bool(fitting) and least["ratio"] >= goal) for goal in goals]
    return figures + [picked_figure(label, rows, result["dense_held_back_error"] + error - result["dense_error"])]


def picked_figure(label, rows, allowed):
    """The smallest that keeps ALLOWED on the held-back images: chosen without a look at the test images."""
    name = f"  {label}: picked on held-back images alone"
    fitting = [row for row in rows if row["held_back_error"] <= allowed]
    if not fitting:
        return Figure(name, "-", f"none keeps {allowed:.2%} there")
    picked = max(fitting, key=lambda row: row["ratio"])
    return Figure(name, f"{picked['ratio']:.1f}x at {picked['error']:.2%}",
                  f"{picked['held_back_error']:.2%} there, {allowed:.2%} allowed")


def measure_lenet(context):
    folders = {"mnist": os.path.join(shared_folder(), "data", "mnist"),
               "fashion-mnist": "/usr/share/datasets/fashion-mnist"}
    folders = {name: folder for name, folder in folders.items() if os.path.isdir(folder)}
    if not folders:
        raise Skip("neither MNIST nor Debian's dataset-fashion-mnist is here")

    def measure(folder):
        return run_json([context.binary("lenet_bench"), "--json", "--data", folder], 3600)

    with futures.ThreadPoolExecutor(max_workers=len(folders)) as pool:  # a core for each
        results = dict(zip(folders, pool.map(measure, folders.values())))
    figures = [figure for name, result in results.items() for figure in lenet_figures(name, result)]
    return figures, results
