# SPDX-License-Identifier: Apache-2.0
"""Runs a network's folded float weights, keeping every layer's output for calibration.

Owned by the model scripts. Needs numpy. Never looks at labels.
"""

import numpy as np

from interpreter import windows

_ACTIVATIONS = {"none": lambda x: x, "relu": lambda x: np.maximum(x, 0),
                "relu6": lambda x: np.clip(x, 0, 6)}


def _convolve(layer, values, weight, bias):
    found = windows(values, (layer.kernel,) * 2, (layer.stride,) * 2, "same", 0.0)
    if layer.kind == "depthwise":
        return np.einsum("nyxhwc,hwc->nyxc", found, weight[0]) + bias
    return found.reshape(*found.shape[:3], -1) @ weight.reshape(len(weight), -1).T + bias


def _pool(layer, values):
    found = windows(values, (layer.kernel,) * 2, (layer.stride,) * 2, "valid", 0.0)
    return found.mean((3, 4)) if layer.kind == "average_pool" else found.max((3, 4))


def _softmax(values):
    exponentials = np.exp(values - values.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


def run(layers, parameters, images):
    """Returns {layer name: output} in float32 for uint8 images."""
    values, outputs = images.astype(np.float32) / np.float32(255), {}
    for layer in layers:
        if layer.kind in ("conv", "depthwise"):
            values = _convolve(layer, values, *parameters[layer.name])
        elif layer.kind == "dense":
            weight, bias = parameters[layer.name]
            values = values @ weight.T + bias
        elif layer.kind in ("average_pool", "max_pool"):
            values = _pool(layer, values)
        elif layer.kind == "flatten":
            values = values.reshape(len(values), -1)
        elif layer.kind == "add":
            values = values + outputs[layer.other]
        elif layer.kind == "softmax":
            values = _softmax(values)
        values = _ACTIVATIONS[layer.activation](values)
        outputs[layer.name] = values
    return outputs
