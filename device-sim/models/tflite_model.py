# SPDX-License-Identifier: Apache-2.0
"""A quantized model in memory: the one type that writer, reader and interpreter share.

Owned by the model scripts. Pure Python; tensor data is plain little-endian bytes.
"""

from typing import Dict, List, NamedTuple, Optional, Tuple

# Numbers of the public TFLite schema.
OPERATORS = {"ADD": 0, "AVERAGE_POOL_2D": 1, "CONV_2D": 3, "DEPTHWISE_CONV_2D": 4,
             "FULLY_CONNECTED": 9, "MAX_POOL_2D": 17, "RESHAPE": 22, "SOFTMAX": 25}
# The versions a converter assigns to these operators when everything is int8.
OPERATOR_VERSIONS = {"ADD": 2, "AVERAGE_POOL_2D": 2, "CONV_2D": 3, "DEPTHWISE_CONV_2D": 3,
                     "FULLY_CONNECTED": 4, "MAX_POOL_2D": 2, "RESHAPE": 1, "SOFTMAX": 2}
TYPES = {"float32": 0, "int32": 2, "int8": 9}
ACTIVATIONS = {"none": 0, "relu": 1, "relu6": 3}
PADDINGS = {"same": 0, "valid": 1}


class Tensor(NamedTuple):
    """`scales` empty: not quantized; more than one: per channel along `channel_axis`."""

    name: str
    shape: Tuple[int, ...]
    kind: str
    scales: Tuple[float, ...] = ()
    zero_points: Tuple[int, ...] = ()
    channel_axis: int = 0
    data: Optional[bytes] = None


class Operator(NamedTuple):
    """`options` holds the names used in tflite_writer.py."""

    kind: str
    inputs: Tuple[int, ...]
    outputs: Tuple[int, ...]
    options: Dict[str, object]


class Model(NamedTuple):
    description: str
    tensors: List[Tensor]
    operators: List[Operator]
    inputs: Tuple[int, ...]
    outputs: Tuple[int, ...]


def _size_bytes(tensor):
    count = 1
    for side in tensor.shape:
        count *= side
    return count * {"float32": 4, "int32": 4, "int8": 1}[tensor.kind]


def arena_bytes(model, alignment=16):
    """The largest sum of activations that live at the same time, each rounded up."""
    last_use = {index: len(model.operators) for index in model.outputs}
    first_use = {index: 0 for index in model.inputs}
    for step, operator in enumerate(model.operators):
        for index in operator.inputs:
            last_use[index] = max(last_use.get(index, 0), step)
        for index in operator.outputs:
            first_use.setdefault(index, step)
    peak = 0
    for step in range(len(model.operators)):
        live = [index for index, first in first_use.items()
                if first <= step <= last_use.get(index, first)]
        peak = max(peak, sum(-(-_size_bytes(model.tensors[index]) // alignment) * alignment
                             for index in live))
    return peak
