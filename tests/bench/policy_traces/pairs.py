# SPDX-License-Identifier: Apache-2.0
"""Trains a small device model and a larger edge model for each data set.

Owned by the policy bench. The split is by a fixed seed: training, canary, and the test part that
traces are drawn from never overlap.
"""

from typing import NamedTuple

import numpy as np

import network

CANARY_COUNT = 500
TEST_MAX = 12000


class Recipe(NamedTuple):
    """How a pair is trained: `stride` and `hidden` bound what the device model sees and holds."""

    training: int
    stride: int
    hidden: tuple
    epochs: int
    edge_training: int
    edge_hidden: tuple
    edge_epochs: int


RECIPES = {
    "fashion": Recipe(6000, 3, (16,), 10, 12000, (128,), 8),
    "mnist": Recipe(4000, 3, (16,), 10, 12000, (128,), 8),
    "letter": Recipe(4000, 1, (24,), 30, 7000, (128,), 40),
    "satellite": Recipe(1200, 2, (8,), 40, 1600, (64,), 40),
    "shuttle": Recipe(1500, 1, (3,), 30, 12000, (48,), 12),
    "dna": Recipe(700, 1, (4,), 12, 1100, (48,), 12),
}


class Pair(NamedTuple):
    data: object
    device: network.Network
    edge: network.Network
    canary: np.ndarray  # rows of the data set
    test: np.ndarray


def _columns(data, stride):
    if data.side:
        grid = np.arange(data.side * data.side).reshape(data.side, data.side)
        return grid[stride // 2::stride, stride // 2::stride].ravel()
    return np.arange(0, data.inputs.shape[1], stride)


def train(data, seed):
    """A trained pair; the same seed gives the same pair."""
    recipe = RECIPES[data.name]
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(data.labels))
    canary, rest = order[:CANARY_COUNT], order[CANARY_COUNT:]
    training, test = rest[:recipe.edge_training], rest[recipe.edge_training:][:TEST_MAX]
    device = network.Network(_columns(data, recipe.stride), recipe.hidden, data.classes, rng)
    few = training[:recipe.training]
    device.train(data.inputs[few], data.labels[few], recipe.epochs, rng)
    edge = network.Network(np.arange(data.inputs.shape[1]), recipe.edge_hidden, data.classes, rng)
    edge.train(data.inputs[training], data.labels[training], recipe.edge_epochs, rng)
    return Pair(data, device, edge, canary, test)
