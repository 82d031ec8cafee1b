# SPDX-License-Identifier: Apache-2.0
"""A network of networks.py as a trainable PyTorch module, and its folding into plain arrays.

Owned by train.py. Needs python3-torch. Never reads or writes files.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import networks

ACTIVATIONS = {"none": lambda x: x, "relu": functional.relu, "relu6": functional.relu6}


class TorchNetwork(nn.Module):
    """Gives logits; the closing softmax layer belongs to the loss and to the quantized file."""

    def __init__(self, layers):
        super().__init__()
        self.layers = [layer for layer in layers if layer.kind != "softmax"]
        self.sizes = networks.shapes(self.layers)
        self.weights = nn.ModuleDict()
        self.norms = nn.ModuleDict()
        for layer, (before, after) in zip(self.layers, self.sizes):
            self._add(layer, before, after)

    def _add(self, layer, before, after):
        key = layer.name.replace("/", "_")
        if layer.kind == "dense":
            self.weights[key] = nn.Linear(before[0], after[0])
        elif layer.kind in ("conv", "depthwise"):
            groups = before[2] if layer.kind == "depthwise" else 1
            self.weights[key] = nn.Conv2d(before[2], after[2], layer.kernel, layer.stride,
                                          groups=groups, bias=False)
            self.norms[key] = nn.BatchNorm2d(after[2])

    def _convolve(self, layer, before, x):
        key = layer.name.replace("/", "_")
        top, bottom = networks.padding_before_after(before[0], layer.kernel, layer.stride)
        left, right = networks.padding_before_after(before[1], layer.kernel, layer.stride)
        return self.norms[key](self.weights[key](functional.pad(x, (left, right, top, bottom))))

    def forward(self, x):
        outputs = {}
        for layer, (before, _) in zip(self.layers, self.sizes):
            if layer.kind in ("conv", "depthwise"):
                x = self._convolve(layer, before, x)
            elif layer.kind == "average_pool":
                x = functional.avg_pool2d(x, layer.kernel, layer.stride)
            elif layer.kind == "max_pool":
                x = functional.max_pool2d(x, layer.kernel, layer.stride)
            elif layer.kind == "flatten":  # the file is channels-last, so flatten in that order
                x = x.permute(0, 2, 3, 1).flatten(1)
            elif layer.kind == "add":
                x = x + outputs[layer.other]
            elif layer.kind == "dense":
                x = self.weights[layer.name](x)
            x = ACTIVATIONS[layer.activation](x)
            outputs[layer.name] = x
        return x


def _fold(convolution, norm):
    """Batch normalization multiplied into the convolution before it."""
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    weight = convolution.weight * scale.reshape(-1, 1, 1, 1)
    return weight, norm.bias - norm.running_mean * scale


def folded_parameters(module):
    """Returns {layer name: (weight, bias)} as float32 arrays in TFLite's axis order."""
    result = {}
    with torch.no_grad():
        for layer in module.layers:
            key = layer.name.replace("/", "_")
            if layer.kind == "dense":
                linear = module.weights[key]
                weight, bias = linear.weight, linear.bias
            elif layer.kind in ("conv", "depthwise"):
                weight, bias = _fold(module.weights[key], module.norms[key])
                axes = (0, 2, 3, 1) if layer.kind == "conv" else (1, 2, 3, 0)
                weight = weight.permute(*axes)
            else:
                continue
            result[layer.name] = (np.ascontiguousarray(weight.numpy(), np.float32),
                                  np.ascontiguousarray(bias.numpy(), np.float32))
    return result
