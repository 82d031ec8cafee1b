# SPDX-License-Identifier: Apache-2.0
"""The Bonsai container of proto/BONSAI.md: writing, reading, and integer inference with numpy.

Owned by the model scripts. Needs numpy. predict() is an implementation of its own of the device's
arithmetic (device/src/bonsai): a test holds the two against each other.
"""

import hashlib
import struct
from typing import NamedTuple

import numpy as np

MAGIC = b"FRBN"
VERSION = 1
HEADER = struct.Struct("<4sBBBBHbBBBBB")
GAP_MAX = 15
ONE = 1 << 12        # 1.0 among the features
TANH_ONE = 1 << 15   # 1.0 among the values of tanh
TANH_STEP = 1 << 9   # distance of the table's entries: 1/8 in Q12
_FEATURE_LIMIT = 32767


class Bonsai(NamedTuple):
    """One model in integers. Shapes: F features, K = 2^(depth+1)-1 nodes, S score rows."""

    inputs: int
    input_zero: int
    classes: int
    depth: int
    projection: np.ndarray   # int8 [F, inputs], values -8..7
    multipliers: np.ndarray  # uint16 [F]
    offsets: np.ndarray      # int16 [F], Q12
    projection_shift: int
    branches: np.ndarray     # int8 [2^depth - 1, F + 1]; the last column counts 1.0
    gates: np.ndarray        # int8 [K, S, F + 1]: V, sigma folded in
    gate_shift: int
    scores: np.ndarray       # int8 [K, S, F + 1]: W
    score_shift: int
    confidence_shift: int

    @property
    def rows(self):
        return 1 if self.classes == 2 else self.classes


def encode_row(values):
    """A sparse row: bytes of (gap before it in the low nibble, value in the high nibble)."""
    data, position = bytearray(), 0
    for place in np.flatnonzero(values):
        while place - position > GAP_MAX:
            data.append(GAP_MAX)  # a zero behind the longest gap
            position += GAP_MAX + 1
        data.append((place - position) | ((int(values[place]) & 15) << 4))
        position = place + 1
    return bytes(data)


def decode_row(data, inputs):
    values, position = np.zeros(inputs, np.int8), 0
    for byte in data:
        position += byte & 15
        values[position] = (byte >> 4) - 16 * (byte >> 7)
        position += 1
    return values


def write(model):
    """The bytes of the container."""
    features = len(model.projection)
    rows = [encode_row(row) for row in model.projection]
    head = HEADER.pack(MAGIC, VERSION, features, model.depth, model.classes, model.inputs,
                       model.input_zero, model.projection_shift, model.gate_shift,
                       model.score_shift, model.confidence_shift, 0)
    table = b"".join(struct.pack("<HhH", int(multiplier), int(offset), len(row))
                     for multiplier, offset, row in zip(model.multipliers, model.offsets, rows))
    dense = [model.branches, model.gates, model.scores]
    return head + table + b"".join(rows) + b"".join(part.astype(np.int8).tobytes()
                                                    for part in dense)


def read(data):
    """The model in a container's bytes; refuses what does not add up."""
    (magic, version, features, depth, classes, inputs, zero, projection_shift, gate_shift,
     score_shift, confidence_shift, reserved) = HEADER.unpack_from(data)
    if (magic, version, reserved) != (MAGIC, VERSION, 0):
        raise ValueError("not a Bonsai container of version 1")
    place = HEADER.size
    table = [struct.unpack_from("<HhH", data, place + 6 * i) for i in range(features)]
    place += 6 * features
    projection = []
    for _, _, length in table:
        projection.append(decode_row(data[place:place + length], inputs))
        place += length
    nodes, branches = 2 ** (depth + 1) - 1, 2 ** depth - 1
    rows = 1 if classes == 2 else classes

    def take(*shape):
        nonlocal place
        count = int(np.prod(shape))
        part = np.frombuffer(data, np.int8, count, place).reshape(shape)
        place += count
        return part

    branch = take(branches, features + 1)
    gates = take(nodes, rows, features + 1)
    scores = take(nodes, rows, features + 1)
    if place != len(data):
        raise ValueError(f"{len(data)} bytes where {place} are described")
    return Bonsai(inputs, zero, classes, depth, np.array(projection),
                  np.array([row[0] for row in table]), np.array([row[1] for row in table]),
                  projection_shift, branch, gates, gate_shift, scores, score_shift,
                  confidence_shift)


def shift_round(values, shift):
    """values / 2^shift, rounded half up: (values + half) >> shift."""
    return (values + (np.int64(1) << shift >> 1)) >> shift


TANH_TABLE = np.array([int(np.floor(np.tanh(i / 8) * TANH_ONE + 0.5)) for i in range(33)])


def tanh(values):
    """tanh of Q12 numbers in Q15: linear between table entries, constant beyond 4."""
    magnitude = np.minimum(np.abs(values), 32 * TANH_STEP - 1)
    index, rest = magnitude // TANH_STEP, magnitude % TANH_STEP
    low, high = TANH_TABLE[index], TANH_TABLE[index + 1]
    result = low + shift_round((high - low) * rest, 9)
    return np.where(values < 0, -result, result)


def features_of(model, inputs):
    """Q12 features of int8 inputs [count, inputs], the constant 1.0 appended."""
    values = inputs.astype(np.int64) - model.input_zero
    sums = values @ model.projection.T.astype(np.int64)
    scaled = shift_round(sums * model.multipliers.astype(np.int64), model.projection_shift)
    features = np.clip(scaled + model.offsets, -_FEATURE_LIMIT, _FEATURE_LIMIT)
    return np.hstack([features, np.full((len(features), 1), ONE)])


def scores_of(model, inputs):
    """Score rows [count, S] in Q12."""
    features = features_of(model, inputs)
    node = np.zeros(len(features), np.int64)
    total = np.zeros((len(features), model.rows), np.int64)
    for level in range(model.depth + 1):
        gate = shift_round(np.einsum("nsf,nf->ns", model.gates[node].astype(np.int64), features),
                           model.gate_shift)
        score = shift_round(np.einsum("nsf,nf->ns", model.scores[node].astype(np.int64), features),
                            model.score_shift)
        total += shift_round(score * tanh(gate), 15)
        if level < model.depth:
            side = np.einsum("nf,nf->n", model.branches[node].astype(np.int64), features)
            node = 2 * node + np.where(side > 0, 2, 1)
    return total


def predict(model, inputs):
    """Class of each input; the lowest index among equals."""
    scores = scores_of(model, inputs)
    if model.classes == 2:
        return (scores[:, 0] > 0).astype(np.int64)
    return scores.argmax(axis=1)


def confidences(model, inputs):
    """Classes [count] and how sure the device is of them, in 1/256, at most 255."""
    scores = scores_of(model, inputs)
    if model.classes == 2:
        distance = np.abs(scores[:, 0])
    else:
        ordered = np.sort(scores, axis=1)
        distance = ordered[:, -1] - ordered[:, -2]
    half = tanh(distance >> (model.confidence_shift + 1))
    return predict(model, inputs), np.minimum(shift_round(TANH_ONE + half, 8), 255)


def golden_inputs(model, count):
    """Pseudo-random inputs [count, inputs] that every implementation can make."""
    state, data = 1, bytearray()
    for _ in range(count * model.inputs):
        state = (state ^ state << 13) & 0xffffffff
        state ^= state >> 17
        state = (state ^ state << 5) & 0xffffffff
        data.append(state >> 24)
    return np.frombuffer(bytes(data), np.int8).reshape(count, model.inputs)


def golden_digest(model, count=64):
    """SHA-256 of the scores of `count` golden inputs: what every implementation must give."""
    scores = scores_of(model, golden_inputs(model, count))
    return hashlib.sha256(scores.astype("<i4").tobytes()).hexdigest()
