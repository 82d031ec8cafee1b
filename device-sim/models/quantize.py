# SPDX-License-Identifier: Apache-2.0
"""Turns folded float weights into an int8 Model by post-training quantization.

Owned by the model scripts. Needs numpy. Weights are symmetric in [-127, 127], per output channel
for convolutions and per tensor for dense layers; activations are asymmetric, their ranges taken
from calibration images; biases are int32 of scale input x weight.
"""

from typing import NamedTuple

import numpy as np

import float_network
from networks import INPUT_SHAPE, shapes
from tflite_model import Model, Operator, Tensor

_KINDS = {"conv": "CONV_2D", "depthwise": "DEPTHWISE_CONV_2D", "dense": "FULLY_CONNECTED",
          "average_pool": "AVERAGE_POOL_2D", "max_pool": "MAX_POOL_2D", "add": "ADD",
          "flatten": "RESHAPE", "softmax": "SOFTMAX"}
_SUFFIXES = {"conv": "Conv2D", "depthwise": "depthwise", "dense": "MatMul", "flatten": "Reshape",
             "average_pool": "AvgPool", "max_pool": "MaxPool", "add": "add", "softmax": "Softmax"}
# These only move or average values, so input and output share one scale.
_SAME_SCALE = ("average_pool", "max_pool", "flatten")


class Range(NamedTuple):
    scale: float
    zero_point: int


INPUT_RANGE = Range(float(np.float32(1 / 255)), -128)
_PROBABILITY_RANGE = Range(1 / 256, -128)


def activation_range(values, percentile):
    """The int8 range that covers `percentile` percent of the values, and zero."""
    tail = 100.0 - percentile
    low = min(float(np.percentile(values, tail)) if tail else float(values.min()), 0.0)
    high = max(float(np.percentile(values, percentile)) if tail else float(values.max()), 0.0)
    scale = float(np.float32(max(high - low, 1e-6) / 255))
    return Range(scale, int(np.clip(round(-128 - low / scale), -128, 127)))


def quantize_weights(weight, channel_axis):
    """(int8 weights, scales); channel_axis None: one scale for all."""
    axes = None if channel_axis is None else tuple(
        axis for axis in range(weight.ndim) if axis != channel_axis)
    largest = np.maximum(np.abs(weight).max(axis=axes, keepdims=True), 1e-9)
    scales = (largest / 127).astype(np.float32)
    quantized = np.clip(np.round(weight / scales), -127, 127).astype(np.int8)
    return quantized, scales.reshape(-1)


def quantize_bias(bias, input_scale, weight_scales):
    """(int32 biases, scales)."""
    scales = (np.float32(input_scale) * weight_scales).astype(np.float32)
    return np.round(bias / scales.astype(np.float64)).astype(np.int32), scales


class _Assembler:
    """Collects tensors and operators while walking the layers."""

    def __init__(self, network, parameters, ranges):
        self._network, self._parameters, self._ranges = network, parameters, ranges
        self.tensors = [Tensor("image", (1, *INPUT_SHAPE), "int8", (INPUT_RANGE.scale,),
                               (INPUT_RANGE.zero_point,))]
        self.operators = []
        self._outputs = {}
        self._current = 0

    def _append(self, tensor):
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def _constants(self, layer):
        """The weight and bias tensors of a layer."""
        weight, bias = self._parameters[layer.name]
        axis = {"conv": 0, "depthwise": 3, "dense": None}[layer.kind]
        quantized, scales = quantize_weights(weight, axis)
        sums, sum_scales = quantize_bias(bias, self.tensors[self._current].scales[0], scales)
        zeros = (0,) * len(scales)
        prefix = f"{self._network.name}/{layer.name}/"
        return (self._append(Tensor(prefix + _SUFFIXES[layer.kind], weight.shape, "int8",
                                    tuple(map(float, scales)), zeros, axis or 0,
                                    quantized.tobytes())),
                self._append(Tensor(prefix + "BiasAdd", bias.shape, "int32",
                                    tuple(map(float, sum_scales)), zeros, 0, sums.tobytes())))

    def _inputs(self, layer, shape):
        if layer.kind in ("conv", "depthwise", "dense"):
            return (self._current, *self._constants(layer))
        if layer.kind == "add":
            return self._current, self._outputs[layer.other]
        if layer.kind == "flatten":
            target = np.array((1, *shape), np.int32)
            return self._current, self._append(
                Tensor(f"{self._network.name}/{layer.name}/shape", (2,), "int32",
                       data=target.tobytes()))
        return (self._current,)

    def append_layer(self, layer, shape):
        inputs = self._inputs(layer, shape)
        found = self._ranges[layer.name]
        output = self._append(Tensor(
            f"{self._network.name}/{layer.name}/{_SUFFIXES[layer.kind]};output"
            if layer.kind in ("conv", "depthwise", "dense") else
            f"{self._network.name}/{layer.name}/{_SUFFIXES[layer.kind]}",
            (1, *shape), "int8", (found.scale,), (found.zero_point,)))
        self.operators.append(Operator(_KINDS[layer.kind], inputs, (output,),
                                       operator_options(layer, shape)))
        self._outputs[layer.name] = self._current = output


def operator_options(layer, shape):
    """The options a layer's operator carries in the file."""
    if layer.kind == "softmax":
        return {"beta": 1.0}
    if layer.kind == "flatten":
        return {"new_shape": (1, *shape)}
    if layer.kind in ("dense", "add"):
        return {"activation": layer.activation}
    options = {"stride_width": layer.stride, "stride_height": layer.stride,
               "activation": layer.activation}
    if layer.kind in ("average_pool", "max_pool"):
        return {**options, "padding": "valid", "filter_width": layer.kernel,
                "filter_height": layer.kernel}
    options.update(padding="same", dilation_width=1, dilation_height=1)
    return {**options, "depth_multiplier": 1} if layer.kind == "depthwise" else options


def calibrate(layers, parameters, images, percentile):
    """{layer name: Range} of every layer's output."""
    outputs = float_network.run(layers, parameters, images)
    ranges, current = {}, INPUT_RANGE
    for layer in layers:
        if layer.kind == "softmax":
            current = _PROBABILITY_RANGE
        elif layer.kind not in _SAME_SCALE:
            # Logits keep their extremes: a clipped winner would look less certain than it is.
            current = activation_range(outputs[layer.name],
                                       100.0 if layer.name == "logits" else percentile)
        ranges[layer.name] = current
    return ranges


def quantize(network, parameters, calibration_images, percentile=100.0):
    """The int8 Model of a network; `parameters` is {layer name: (weight, bias)}."""
    ranges = calibrate(network.layers, parameters, calibration_images, percentile)
    assembler = _Assembler(network, parameters, ranges)
    for layer, (_, shape) in zip(network.layers, shapes(network.layers)):
        assembler.append_layer(layer, shape)
    last = assembler.operators[-1].outputs
    return Model(f"Frugal {network.name}, release {network.release}, int8", assembler.tensors,
                 assembler.operators, (0,), last)
