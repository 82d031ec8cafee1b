# SPDX-License-Identifier: Apache-2.0
"""The five networks as plain lists of layers, with their shapes and costs.

Owned by the model scripts. Pure Python: the trainer, the quantizer and the tests all read the
same lists. Never holds weights.
"""

from typing import NamedTuple, Optional, Tuple


class Layer(NamedTuple):
    """One layer; `kind` decides which of the fields mean something."""

    kind: str  # conv, depthwise, dense, average_pool, max_pool, add, flatten, softmax
    name: str
    channels: int = 0
    kernel: int = 0
    stride: int = 1
    activation: str = "none"  # none, relu, relu6
    other: Optional[str] = None  # add: the name of the layer whose output is added
    normalized: bool = True  # conv and depthwise: trained with batch normalization


class Recipe(NamedTuple):
    """How one network is trained."""

    seed: int
    epochs: int
    batch: int = 128
    rate: float = 3e-3
    decay: float = 1e-4
    shift: int = 0  # augmentation: at most so many pixels in each direction
    flip: bool = False
    erase: float = 0.0  # augmentation: probability that a rectangle is blanked
    start: Optional[str] = None  # fine-tunes another network of the same layers
    average: float = 0.0  # decay of the running mean of the weights, 0 keeps the last


class Network(NamedTuple):
    name: str
    release: int
    device_class: str
    layers: Tuple[Layer, ...]
    recipe: Recipe


INPUT_SHAPE = (28, 28, 1)


def _separable(number, channels, stride):
    return (Layer("depthwise", f"block{number}/depthwise", kernel=3, stride=stride,
                  activation="relu6"),
            Layer("conv", f"block{number}/pointwise", channels, kernel=1, activation="relu6"))


def _residual(number, channels, entry):
    return (Layer("conv", f"residual{number}/first", channels, kernel=3, activation="relu"),
            Layer("conv", f"residual{number}/second", channels, kernel=3),
            Layer("add", f"residual{number}/add", other=entry, activation="relu"))


_HEAD = (Layer("dense", "logits", 10), Layer("softmax", "probabilities"))

_TINY_1 = (Layer("average_pool", "shrink", kernel=2, stride=2),
           Layer("flatten", "flat"),
           Layer("dense", "hidden", 16, activation="relu")) + _HEAD

_TINY_2 = (Layer("conv", "stem", 4, kernel=3, stride=2, activation="relu6"),
           Layer("conv", "features", 12, kernel=3, stride=2, activation="relu6"),
           Layer("flatten", "flat")) + _HEAD

_SMALL = ((Layer("conv", "stem", 16, kernel=5, stride=2, activation="relu6"),)
          + _separable(1, 32, 1) + _separable(2, 64, 2) + _separable(3, 64, 1)
          + (Layer("average_pool", "shrink", kernel=2, stride=2),
             Layer("flatten", "flat"),
             Layer("dense", "hidden", 32, activation="relu")) + _HEAD)

_EDGE = ((Layer("conv", "stem", 16, kernel=3, activation="relu"),
          Layer("conv", "down1", 32, kernel=3, stride=2, activation="relu"))
         + _residual(1, 32, "down1")
         + (Layer("conv", "down2", 64, kernel=3, stride=2, activation="relu"),)
         + _residual(2, 64, "down2")
         + (Layer("conv", "widen", 128, kernel=1, activation="relu"),
            Layer("average_pool", "pool", kernel=7, stride=7),
            Layer("flatten", "flat")) + _HEAD)

NETWORKS = {network.name: network for network in (
    Network("fashion-tiny-1", 1, "tiny", _TINY_1, Recipe(seed=101, epochs=12)),
    Network("fashion-tiny-2", 2, "tiny", _TINY_2,
            Recipe(seed=102, epochs=30, average=0.999)),
    Network("fashion-small-1", 1, "small", _SMALL, Recipe(seed=201, epochs=4)),
    Network("fashion-small-2", 2, "small", _SMALL,
            Recipe(seed=202, epochs=12, rate=2e-3, start="fashion-small-1", shift=1, flip=True,
                   average=0.999)),
    Network("fashion-edge", 1, "edge", _EDGE,
            Recipe(seed=301, epochs=14, rate=4e-3, decay=5e-4, shift=2, flip=True, erase=0.3,
                   average=0.999)))}


def padding_before_after(size, kernel, stride):
    """TFLite's SAME padding: (before, after) along one axis."""
    output = -(-size // stride)
    total = max((output - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def output_shape(layer, shape):
    """The shape a layer gives for an input of `shape` (without the batch)."""
    if layer.kind in ("conv", "depthwise"):
        channels = layer.channels or shape[2]
        return -(-shape[0] // layer.stride), -(-shape[1] // layer.stride), channels
    if layer.kind in ("average_pool", "max_pool"):
        height, width = ((side - layer.kernel) // layer.stride + 1 for side in shape[:2])
        return height, width, shape[2]
    if layer.kind == "flatten":
        return (shape[0] * shape[1] * shape[2],)
    return (layer.channels,) if layer.kind == "dense" else shape


def shapes(layers):
    """Pairs of (input shape, output shape) for every layer."""
    result, shape = [], INPUT_SHAPE
    for layer in layers:
        result.append((shape, output_shape(layer, shape)))
        shape = result[-1][1]
    return result


def multiply_accumulates(layers):
    """Multiply-accumulate operations of one inference."""
    total = 0
    for layer, (before, after) in zip(layers, shapes(layers)):
        if layer.kind == "conv":
            total += after[0] * after[1] * after[2] * layer.kernel ** 2 * before[2]
        elif layer.kind == "depthwise":
            total += after[0] * after[1] * after[2] * layer.kernel ** 2
        elif layer.kind == "dense":
            total += before[0] * after[0]
    return total
