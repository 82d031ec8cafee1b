# SPDX-License-Identifier: Apache-2.0
"""Reads Fashion-MNIST as Debian's dataset-fashion-mnist installs it and splits it.

Owned by the model scripts. Needs numpy. Never downloads and never writes.

The 60,000 training images are shuffled once with a fixed seed and cut into three parts that
never overlap: training, validation (quantization choices) and canary (the labelled samples a
policy is registered with). The 10,000 test images are only ever used to report.
"""

import gzip
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np

DEFAULT_FOLDER = Path("/usr/share/datasets/fashion-mnist")
SPLIT_SEED = 20170825
VALIDATION_COUNT = 1000
CANARY_COUNT = 500
CLASS_NAMES = ("t-shirt", "trouser", "pullover", "dress", "coat",
               "sandal", "shirt", "sneaker", "bag", "ankle-boot")


class Samples(NamedTuple):
    """Images as uint8 [count, 28, 28, 1] and their labels as uint8 [count]."""

    images: np.ndarray
    labels: np.ndarray


class Split(NamedTuple):
    training: Samples
    validation: Samples
    canary: Samples
    test: Samples


def read_idx(path):
    """Returns the unsigned byte array of one gzipped idx file."""
    with gzip.open(path, "rb") as stream:
        data = stream.read()
    zero, kind, dimensions = struct.unpack_from(">HBB", data)
    if zero != 0 or kind != 8:
        raise ValueError(f"{path}: not an idx file of unsigned bytes")
    shape = struct.unpack_from(f">{dimensions}I", data, 4)
    start = 4 + 4 * dimensions
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _read_part(folder, prefix):
    images = read_idx(folder / f"{prefix}-images-idx3-ubyte.gz")
    labels = read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz")
    if len(images) != len(labels):
        raise ValueError(f"{folder}/{prefix}: {len(images)} images but {len(labels)} labels")
    return Samples(images[..., np.newaxis], labels)


def load(folder=DEFAULT_FOLDER):
    """Returns the four parts. Install dataset-fashion-mnist if the folder is missing."""
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: install the Debian package dataset-fashion-mnist")
    everything = _read_part(folder, "train")
    order = np.random.RandomState(SPLIT_SEED).permutation(len(everything.labels))
    bounds = (len(order) - CANARY_COUNT - VALIDATION_COUNT, len(order) - CANARY_COUNT)
    parts = [Samples(everything.images[chosen], everything.labels[chosen])
             for chosen in np.split(order, bounds)]
    return Split(*parts, _read_part(folder, "t10k"))


def to_int8(images):
    """Pixels as the models' input bytes: pixel - 128."""
    return (images.astype(np.int16) - 128).astype(np.int8)
