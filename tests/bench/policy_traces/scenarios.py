# SPDX-License-Identifier: Apache-2.0
"""What happens to a fleet while a trace is drawn, and the rows that come of it.

Owned by the policy bench. Pure; the seed decides order, noise and onset.
stationary  the test part in random order
drift       noise on the sensor grows to its full strength and stays: both models see it
prior       three classes of the task become rare, then come back: both models see it
fault       a firmware bug reorders and amplifies the device model's input between two moments,
            so that it is confidently wrong; the payload the edge gets is right
badedge     the edge model is replaced by a botched one half way; a canary of the new pair is given
"""

import zlib
from typing import NamedTuple

import numpy as np

TASKS = 10000
NAMES = ("stationary", "drift", "prior", "fault", "badedge")


class Answers(NamedTuple):
    """Per task: what both models said, in the units of the trace's columns."""

    local_class: np.ndarray
    local_confidence_q8: np.ndarray
    margin_q8: np.ndarray
    edge_class: np.ndarray
    true_class: np.ndarray
    phase: np.ndarray
    entropy_conf_q8: np.ndarray
    edge_conf_q8: np.ndarray
    edge_gain_q8: np.ndarray


def _q8(share):
    return np.clip(np.round(share * 256), -255, 255).astype(int)


def answers(device, edge, labels, phase):
    """The columns of a trace from both models' softmax outputs."""
    rows = np.arange(len(labels))
    ordered = np.sort(device, 1)
    local, top = device.argmax(1), edge.argmax(1)
    entropy = -(device * np.log(np.maximum(device, 1e-12))).sum(1) / np.log(device.shape[1])
    return Answers(local, _q8(ordered[:, -1]), _q8(ordered[:, -1] - ordered[:, -2]), top, labels,
                   phase, _q8(1 - entropy), _q8(edge[rows, top]),
                   _q8(edge[rows, top] - edge[rows, local]))


def _draw(pair, rng, count=TASKS):
    """Rows in random order; a small test part is walked through several times."""
    passes = [rng.permutation(pair.test) for _ in range(-(-count // len(pair.test)))]
    return np.concatenate(passes)[:count]


def _garble(inputs, columns):
    """The device's wrong preprocessing: neighbours swapped in blocks, amplified."""
    wrong = inputs.copy()
    wrong[:, columns] = inputs[:, columns[::-1]]
    mean = inputs.mean(0)
    return mean + 2.0 * (wrong - mean)


def _noise(pair, rows, rng):
    begin, full = int(TASKS * rng.uniform(0.25, 0.35)), int(TASKS * 0.65)
    strength = np.interp(np.arange(len(rows)), [begin, full], [0, 0.8])
    deviation = pair.data.inputs[pair.test].std(0)
    return rng.normal(size=(len(rows), len(deviation))) * deviation * strength[:, None]


def _shifted(pair, rng):
    """Rows whose classes are drawn with a changing prior."""
    rare = rng.choice(pair.data.classes, min(3, pair.data.classes - 1), replace=False)
    weight = np.ones(pair.data.classes)
    weight[rare] = 0.1
    parts = []
    for length, changed in ((3500, False), (4000, True), (2500, False)):
        chance = weight[pair.data.labels[pair.test]] if changed else np.ones(len(pair.test))
        parts.append(rng.choice(pair.test, length, p=chance / chance.sum()))
    return np.concatenate(parts)


def _edge_bad(pair, inputs):
    """A botched release: it expects its inputs in another order."""
    return pair.edge.chances(inputs[:, ::-1])


def make(pair, scenario, seed):
    """(rows of the trace, rows of the canary); the canary's phases tell what it was run on."""
    rng = np.random.default_rng([seed, zlib.crc32(f"{pair.data.name} {scenario}".encode())])
    rows = _shifted(pair, rng) if scenario == "prior" else _draw(pair, rng)
    inputs, labels = pair.data.inputs[rows], pair.data.labels[rows]
    phase = np.zeros(len(rows), int)
    seen = inputs
    if scenario == "drift":
        seen = inputs = inputs + _noise(pair, rows, rng)
    edge = pair.edge.chances(inputs)
    if scenario == "fault":
        begin = int(TASKS * rng.uniform(0.3, 0.4))
        phase[begin:begin + int(0.4 * TASKS)] = 1
        seen = np.where(phase[:, None] == 1, _garble(inputs, pair.device.columns), inputs)
    if scenario == "badedge":
        phase[int(TASKS * rng.uniform(0.4, 0.6)):] = 1
        edge = np.where(phase[:, None] == 1, _edge_bad(pair, inputs), edge)
    trace = answers(pair.device.chances(seen), edge, labels, phase)
    return trace, _canary(pair, scenario)


def _canary(pair, scenario):
    inputs, labels = pair.data.inputs[pair.canary], pair.data.labels[pair.canary]
    device = pair.device.chances(inputs)
    first = answers(device, pair.edge.chances(inputs), labels, np.zeros(len(labels), int))
    if scenario != "badedge":
        return first
    second = answers(device, _edge_bad(pair, inputs), labels, np.ones(len(labels), int))
    return Answers(*[np.concatenate(both) for both in zip(first, second)])
