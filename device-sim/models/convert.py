# SPDX-License-Identifier: Apache-2.0
"""Quantizes trained weights, writes the .tflite files and their figures (models.json).

    /usr/bin/python3 convert.py --work build/models [--out FOLDER] [NAME...]

Owned by the model scripts. Needs numpy and dataset-fashion-mnist; reads what train.py wrote. The
validation images choose the calibration percentile; the test images only report.
"""

import argparse
import hashlib
import json
from pathlib import Path

import packages

packages.need("numpy")

import numpy as np

import dataset
import figures
import float_network
import interpreter
import networks
import tflite_model
import tflite_writer
from quantize import quantize

CALIBRATION_COUNT = 1000
_PERCENTILES = (100.0, 99.99, 99.9)


def load_parameters(path):
    """{layer name: (weight, bias)} of one archive written by train.py."""
    with np.load(path) as archive:
        names = {key.rsplit(":", 1)[0] for key in archive.files}
        return {name: (archive[name + ":weight"], archive[name + ":bias"]) for name in names}


def predictions(model, images):
    """Probabilities as integers 0..255 [count, 10]."""
    outputs = interpreter.run_in_batches(model, dataset.to_int8(images))
    return outputs.astype(np.int16) + 128


def _float_accuracy(network, parameters, samples):
    right = 0
    for start in range(0, len(samples.labels), 500):
        part = slice(start, start + 500)
        outputs = float_network.run(network.layers, parameters, samples.images[part])
        right += int((outputs["logits"].argmax(1) == samples.labels[part]).sum())
    return right / len(samples.labels)


def _best_model(network, parameters, split):
    """The quantization whose validation log loss is lowest, and its percentile."""
    images = split.training.images[:CALIBRATION_COUNT]
    candidates = []
    for percentile in _PERCENTILES:
        model = quantize(network, parameters, images, percentile)
        chances = predictions(model, split.validation.images) / 256
        own = chances[np.arange(len(chances)), split.validation.labels]
        candidates.append((-np.log(np.maximum(own, 1 / 512)).mean(), percentile, model))
    _, percentile, model = min(candidates, key=lambda candidate: candidate[:2])
    return model, percentile


def _confusions(answers, labels, count=3):
    """The most frequent mistakes as [true class, answer, how many]."""
    table = np.zeros((10, 10), int)
    np.add.at(table, (labels, answers), 1)
    np.fill_diagonal(table, 0)
    order = np.argsort(-table, axis=None, kind="stable")[:count]
    return [[dataset.CLASS_NAMES[place // 10], dataset.CLASS_NAMES[place % 10],
             int(table.flat[place])] for place in order]


def convert(network, parameters, split, folder):
    """Writes one file and returns its figures, measured on the file as read back."""
    model, percentile = _best_model(network, parameters, split)
    data = tflite_writer.write(model)
    (folder / f"{network.name}.tflite").write_bytes(data)
    model = tflite_writer.read(data)
    answers = predictions(model, split.test.images).argmax(1)
    accuracy = float((answers == split.test.labels).mean())
    return {"file": f"{network.name}.tflite", "task": "fashion", "release": network.release,
            "device_class": network.device_class, "sha256": hashlib.sha256(data).hexdigest(),
            "size_bytes": len(data), "arena_bytes": tflite_model.arena_bytes(model),
            "multiply_accumulates": networks.multiply_accumulates(network.layers),
            "weights": int(sum(weight.size + bias.size for weight, bias in parameters.values())),
            "seed": network.recipe.seed, "epochs": network.recipe.epochs,
            "fine_tuned_from": network.recipe.start, "calibration_percentile": percentile,
            "accuracy_float": round(_float_accuracy(network, parameters, split.test), 4),
            "accuracy_int8": round(accuracy, 4),
            "most_confused": _confusions(answers, split.test.labels)}


def write_figures(path, entries):
    """Replaces the given models in models.json and keeps the others."""
    known = {entry["file"]: entry for entry in figures.read(path).get("models", [])}
    known.update({entry["file"]: entry for entry in entries})
    figures.update(path, {
        "data_set": "Fashion-MNIST (MIT), Debian package dataset-fashion-mnist",
        "split_seed": dataset.SPLIT_SEED, "classes": list(dataset.CLASS_NAMES),
        "input": "int8 [1,28,28,1], pixel - 128",
        "models": [known[name] for name in sorted(known)]})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", default=list(networks.NETWORKS))
    parser.add_argument("--work", type=Path, required=True, help="folder train.py wrote to")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    split = dataset.load()
    entries = []
    for name in options.names:
        network = networks.NETWORKS[name]
        entries.append(convert(network, load_parameters(options.work / f"{name}.npz"), split,
                               options.out))
        print(json.dumps(entries[-1]), flush=True)
    write_figures(options.out / "models.json", entries)


if __name__ == "__main__":
    main()
