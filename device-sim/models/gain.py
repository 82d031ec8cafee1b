# SPDX-License-Identifier: Apache-2.0
"""The registration of a pair (device model, edge model): from labelled samples to 32 gain bytes.

Owned by the model scripts. Needs numpy. Pure functions. Confidences are the device's: the top
softmax output as an integer 0..255; its bin is confidence >> 3. The rules are those of the
IsoGain learner at its start: temperature and bias of the edge model from the canary, a prior of
weight 3 per bin that equals Chow's rule, and a non-increasing fit.
"""

from typing import NamedTuple

import numpy as np

BINS = 32
PRIOR_WEIGHT = 3.0
_TEMPERATURES = np.exp(np.linspace(-2, 2, 81))


class Registration(NamedTuple):
    temperature: float
    rho: float
    counts: np.ndarray  # per bin: canary samples
    gains: np.ndarray  # per bin: sum of (edge right) - (device right)
    table: np.ndarray  # per bin: expected gain, q8


def tempered(chances, temperature):
    """Edge probabilities (integers 0..255 of 256) after the temperature."""
    logits = np.log(np.maximum(chances, 0.5) / 256.0) / temperature
    exponentials = np.exp(logits - logits.max(1, keepdims=True))
    return exponentials / exponentials.sum(1, keepdims=True)


def best_temperature(chances, labels):
    """The temperature of the lowest negative log likelihood."""
    rows = np.arange(len(labels))
    losses = [-np.log(tempered(chances, temperature)[rows, labels]).mean()
              for temperature in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def nonincreasing_fit(values, weights):
    """Weighted pool-adjacent-violators: the closest non-increasing sequence."""
    blocks = []
    for value, weight in zip(values, weights):
        blocks.append([value, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] < blocks[-1][0]:
            value, weight, count = blocks.pop()
            last = blocks[-1]
            last[0] = (last[0] * last[1] + value * weight) / (last[1] + weight)
            last[1] += weight
            last[2] += count
    return np.concatenate([np.full(count, value) for value, _, count in blocks])


def to_q8(gains):
    """Expected gains as the 32 bytes a policy carries: 256 is one wrong answer avoided."""
    return np.clip(np.round(np.clip(gains, 0, 1) * 256), 0, 255).astype(int)


def register(local, edge, labels):
    """`local` and `edge` are probabilities [count, classes] as integers 0..255 of 256."""
    rows = np.arange(len(labels))
    local_class, edge_class = local.argmax(1), edge.argmax(1)
    temperature = best_temperature(edge, labels)
    chances = tempered(edge, temperature)
    signal = chances[rows, edge_class] - chances[rows, local_class]
    true_gain = (edge_class == labels).astype(float) - (local_class == labels)
    rho = (true_gain.sum() + PRIOR_WEIGHT) / (signal.sum() + PRIOR_WEIGHT)
    bins = local.max(1) >> 3
    counts = np.bincount(bins, minlength=BINS).astype(float)
    gains = np.bincount(bins, true_gain, minlength=BINS)
    prior = 1 - (np.arange(BINS) + 0.5) / BINS
    weights = counts + PRIOR_WEIGHT
    fitted = nonincreasing_fit((gains + PRIOR_WEIGHT * prior) / weights, weights)
    table = to_q8(fitted if rho > 0 else np.zeros(BINS))
    return Registration(temperature, float(rho), counts.astype(int), gains.astype(int), table)


class Outcome(NamedTuple):
    price: int
    share: float  # escalated
    accuracy: float  # of the answers the system gives


def outcome(local, edge, labels, table, price):
    """What the policy does at one price: escalate where gain >= price, else answer locally."""
    escalated = np.asarray(table)[local.max(1) >> 3] >= price
    answers = np.where(escalated, edge.argmax(1), local.argmax(1))
    return Outcome(price, float(escalated.mean()), float((answers == labels).mean()))
