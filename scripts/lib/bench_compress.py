# SPDX-License-Identifier: Apache-2.0
"""Parts kws and lenet of scripts/bench: models made smaller at a loss."""

import os

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


def lenet_figures(name, result):
    figures = [Figure(f"LeNet-300-100 on {name}, dense", f"{result['dense_error']:.2%} error", "float32, 1,066,440 B")]
    for row in result["curves"]:
        figures.append(Figure(f"  pruned to {row['density']:.0%}, no retraining, OBC", f"{row['obc']:.2f} % error",
                              f"magnitude {row['magnitude']:.2f}, OBD textbook {row['obd_textbook']:.2f}, "
                              f"softened {row['obd_softened']:.2f}, layer output {row['obd_layer_output']:.2f}"))
    paper = result["paper"]
    for stage, goal in (("pruned", "12x"), ("shared", "32x"), ("huffman", "40x")):
        size = paper[stage + "_bytes"]
        figures.append(Figure(f"  Deep Compression's stages: {stage}", f"{paper['dense_bytes'] / size:.1f}x",
                              f"{size:,} B; the paper: {goal}"))
    for kind, goal, error in (("one_shot", 36, result["dense_error"] + 0.001), ("retrained", 50, 0.0164)):
        for row in result[kind]:
            figures.append(Figure(f"  {kind.replace('_', ' ')}: {row['name']}", f"{row['ratio']:.1f}x",
                                  f"{row['bytes']:,} B, {row['error']:.2%} error"))
        if name == "mnist":
            best = max((row["ratio"] for row in result[kind] if row["error"] <= error), default=0)
            figures.append(Figure(f"  {kind.replace('_', ' ')}: best within {error:.2%}", f"{best:.1f}x",
                                  f"goal {goal}x", best >= goal))
    return figures


def measure_lenet(context):
    figures, results = [], {}
    for name, folder in (("mnist", os.path.join(shared_folder(), "data", "mnist")),
                         ("fashion-mnist", "/usr/share/datasets/fashion-mnist")):
        if os.path.isdir(folder):
            results[name] = run_json([context.binary("lenet_bench"), "--json", "--data", folder], 1800)
            figures += lenet_figures(name, results[name])
    if not results:
        raise Skip("neither MNIST nor Debian's dataset-fashion-mnist is here")
    return figures, results
