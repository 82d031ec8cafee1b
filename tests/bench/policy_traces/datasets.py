# SPDX-License-Identifier: Apache-2.0
"""The real data the traces are made of: images (Debian's Fashion-MNIST, MNIST of the design
folder) and the data sets of R's mlbench.

Owned by the policy bench. Reads, never downloads; writes only R's tables into the cache folder.
"""

import gzip
import os
import shutil
import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np

FASHION = Path("/usr/share/datasets/fashion-mnist")
# R names a data set and its class column; factors become one 0/1 column a level.
MLBENCH = {"letter": ("LetterRecognition", "lettr"), "satellite": ("Satellite", "classes"),
           "shuttle": ("Shuttle", "Class"), "dna": ("DNA", "Class")}
_EXPORT = """
arguments <- commandArgs(TRUE)
data(list = arguments[1], package = "mlbench")
table <- get(arguments[1])
inputs <- table[, names(table) != arguments[2]]
columns <- lapply(inputs, function(one) as.numeric(as.character(one)))
write.table(cbind(as.data.frame(columns), label = as.integer(table[[arguments[2]]]) - 1L),
            arguments[3], sep = ",", row.names = FALSE, col.names = FALSE)
"""


class DataSet(NamedTuple):
    """Inputs float [count, columns], labels int [count]; `side` of square images, or 0."""

    name: str
    inputs: np.ndarray
    labels: np.ndarray
    side: int = 0

    @property
    def classes(self):
        return int(self.labels.max()) + 1


class Absent(Exception):
    """The data set is not on this machine; the text says what would bring it."""


def _idx(path):
    with gzip.open(path, "rb") as stream:
        data = stream.read()
    _, _, dimensions = struct.unpack_from(">HBB", data)
    shape = struct.unpack_from(f">{dimensions}I", data, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def _images(name, folder, remedy):
    if not folder.is_dir():
        raise Absent(f"{name}: no {folder}; {remedy}")
    parts = [(_idx(folder / f"{part}-images-idx3-ubyte.gz"), _idx(folder / f"{part}-labels-idx1-ubyte.gz"))
             for part in ("train", "t10k")]
    inputs = np.concatenate([images.reshape(len(images), -1) for images, _ in parts]) / 255.0
    labels = np.concatenate([labels for _, labels in parts]).astype(int)
    return DataSet(name, inputs, labels, parts[0][0].shape[1])


def _mlbench(name, cache):
    table = cache / f"{name}.table.csv"
    if not table.exists():
        if shutil.which("Rscript") is None:
            raise Absent(f"{name}: R is not installed; install the Debian package r-cran-mlbench")
        partial = table.with_suffix(".partial")
        done = subprocess.run(["Rscript", "-e", _EXPORT, *MLBENCH[name], str(partial)], check=False,
                              capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise Absent(f"{name}: R cannot export it; install the Debian package r-cran-mlbench")
        os.replace(partial, table)
    rows = np.loadtxt(table, delimiter=",")
    return DataSet(name, rows[:, :-1], rows[:, -1].astype(int))


def load(name, cache, shared):
    """One data set; Absent if it is not on this machine."""
    if name == "fashion":
        return _images(name, FASHION, "install the Debian package dataset-fashion-mnist")
    if name == "mnist":
        return _images(name, shared / "data" / "mnist", "set FRUGAL_SHARED_DIR")
    return _mlbench(name, cache)


NAMES = ("fashion", "mnist", *MLBENCH)
