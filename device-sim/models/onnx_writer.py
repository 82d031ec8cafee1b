# SPDX-License-Identifier: Apache-2.0
"""Writes one of our own quantized models as a float ONNX file, for tests of the ONNX engine.

    python3 onnx_writer.py fashion-tiny-2.tflite OUTPUT.onnx

Owned by the model scripts. Standard library only. The protobuf is written by hand from the field
numbers of the public onnx.proto; weights are the .tflite's, dequantized; the input is 0 to 1 in
the place of int8 -128 to 127. Knows the operators of our own networks and no others.
"""

import struct
import sys
from pathlib import Path

import tflite_writer

_FLOAT, _INT, _STRING, _INTS = 1, 2, 3, 7  # AttributeProto.AttributeType
_OPSET, _IR_VERSION = 9, 5


def _varint(value):
    value &= (1 << 64) - 1
    result = bytearray()
    while value >= 0x80:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    result.append(value)
    return bytes(result)


def _number(field, value):
    return _varint(field << 3) + _varint(value)


def _bytes(field, value):
    value = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _attribute(name, value):
    text = _bytes(1, name)
    if isinstance(value, float):
        return text + _varint(2 << 3 | 5) + struct.pack("<f", value) + _number(20, _FLOAT)
    if isinstance(value, int):
        return text + _number(3, value) + _number(20, _INT)
    if isinstance(value, str):
        return text + _bytes(4, value) + _number(20, _STRING)
    return text + b"".join(_number(8, item) for item in value) + _number(20, _INTS)


def _value_info(name, shape):
    dimensions = b"".join(_bytes(1, _number(1, size)) for size in shape)
    return _bytes(1, name) + _bytes(2, _bytes(1, _number(1, 1) + _bytes(2, dimensions)))


class _Graph:
    """Nodes and constants as they are added, in serialized form."""

    def __init__(self, model):
        self.model = model
        self.nodes, self.constants = [], []
        self.names = {model.inputs[0]: "input"}
        self.shapes = {}  # of tensors before a reshape: height, width, channels

    def node(self, kind, inputs, output, **attributes):
        text = b"".join(_bytes(1, name) for name in inputs) + _bytes(2, output)
        text += _bytes(3, output) + _bytes(4, kind)
        text += b"".join(_bytes(5, _attribute(name, value)) for name, value in attributes.items())
        self.nodes.append(text)

    def constant(self, name, shape, values):
        self.constants.append(b"".join(_number(1, size) for size in shape) + _number(2, 1) + _bytes(8, name)
                              + _bytes(9, struct.pack(f"<{len(values)}f", *values)))
        return name

    def activated(self, kind, inputs, output, activation, **attributes):
        """A node, and its activation as another."""
        if activation == "none":
            self.node(kind, inputs, output, **attributes)
            return
        self.node(kind, inputs, output + "/plain", **attributes)
        if activation == "relu":
            self.node("Relu", [output + "/plain"], output)
        else:
            self.node("Clip", [output + "/plain"], output, min=0.0, max=6.0)


def _weights(tensor):
    """int8 values as floats, each with the scale of its channel."""
    count = len(tensor.data)
    values = struct.unpack(f"<{count}b", tensor.data)
    if len(tensor.scales) == 1:
        return [value * tensor.scales[0] for value in values]
    inner = 1
    for size in tensor.shape[tensor.channel_axis + 1:]:
        inner *= size
    channels = tensor.shape[tensor.channel_axis]
    return [value * tensor.scales[place // inner % channels] for place, value in enumerate(values)]


def _bias(model, operator):
    """int32 in units of input scale times weight scale."""
    source, weight, bias = (model.tensors[index] for index in operator.inputs[:3])
    values = struct.unpack(f"<{len(bias.data) // 4}i", bias.data)
    scales = weight.scales if len(weight.scales) > 1 else weight.scales * len(values)
    return [value * source.scales[0] * scale for value, scale in zip(values, scales)]


def _convolution(graph, operator, output):
    model = graph.model
    weight = model.tensors[operator.inputs[1]]
    values = _weights(weight)
    is_depthwise = operator.kind == "DEPTHWISE_CONV_2D"
    outer, height, width, inner = weight.shape
    if is_depthwise:  # 1, height, width, channels
        moved = [values[(y * width + x) * inner + c] for c in range(inner) for y in range(height) for x in range(width)]
        shape, group = (inner, 1, height, width), inner
    else:
        moved = [values[((o * height + y) * width + x) * inner + i] for o in range(outer) for i in range(inner)
                 for y in range(height) for x in range(width)]
        shape, group = (outer, inner, height, width), 1
    bias = _bias(model, operator)
    inputs = [graph.names[operator.inputs[0]], graph.constant(output + "/weight", shape, moved),
              graph.constant(output + "/bias", (len(bias),), bias)]
    stride = [operator.options["stride_height"], operator.options["stride_width"]]
    pads = _pads(model.tensors[operator.inputs[0]].shape, (height, width), stride, operator.options["padding"])
    graph.activated("Conv", inputs, output, operator.options["activation"], kernel_shape=[height, width],
                    strides=stride, pads=pads, group=group)


def _pads(shape, kernel, stride, padding):
    """TFLite's SAME padding as ONNX pads: top, left, bottom, right."""
    if padding == "valid":
        return [0, 0, 0, 0]
    before, after = [], []
    for size, side, step in zip(shape[1:3], kernel, stride):
        total = max((-(-size // step) - 1) * step + side - size, 0)
        before.append(total // 2)
        after.append(total - total // 2)
    return before + after


def _fully_connected(graph, operator, output):
    weight = graph.model.tensors[operator.inputs[1]]
    rows, columns = weight.shape
    values = _weights(weight)
    if operator.inputs[0] in graph.shapes:  # what was height, width, channels is channels, height, width here
        height, width, channels = graph.shapes[operator.inputs[0]]
        order = [(y * width + x) * channels + c for c in range(channels) for y in range(height) for x in range(width)]
    else:
        order = range(columns)
    moved = [values[row * columns + column] for row in range(rows) for column in order]
    bias = _bias(graph.model, operator)
    inputs = [graph.names[operator.inputs[0]], graph.constant(output + "/weight", (rows, columns), moved),
              graph.constant(output + "/bias", (rows,), bias)]
    graph.activated("Gemm", inputs, output, operator.options["activation"], transB=1)


def _pool(graph, operator, output):
    options = operator.options
    kernel, stride = [options["filter_height"], options["filter_width"]], [options["stride_height"], options["stride_width"]]
    kind = "AveragePool" if operator.kind == "AVERAGE_POOL_2D" else "MaxPool"
    graph.activated(kind, [graph.names[operator.inputs[0]]], output, options.get("activation", "none"),
                    kernel_shape=kernel, strides=stride)


def _add(graph, graph_operator, output):
    graph.activated("Add", [graph.names[index] for index in graph_operator.inputs], output,
                    graph_operator.options["activation"])


def _reshape(graph, operator, output):
    graph.shapes[operator.outputs[0]] = graph.model.tensors[operator.inputs[0]].shape[1:]
    graph.node("Flatten", [graph.names[operator.inputs[0]]], output, axis=1)


def _softmax(graph, operator, output):
    graph.node("Softmax", [graph.names[operator.inputs[0]]], output, axis=1)


_WRITERS = {"CONV_2D": _convolution, "DEPTHWISE_CONV_2D": _convolution, "FULLY_CONNECTED": _fully_connected,
            "AVERAGE_POOL_2D": _pool, "MAX_POOL_2D": _pool, "ADD": _add, "RESHAPE": _reshape, "SOFTMAX": _softmax}


def write(model):
    """The bytes of a ModelProto."""
    graph = _Graph(model)
    for step, operator in enumerate(model.operators):
        output = "output" if operator.outputs[0] == model.outputs[0] else f"layer{step}"
        _WRITERS[operator.kind](graph, operator, output)
        graph.names[operator.outputs[0]] = output
    height, width, channels = model.tensors[model.inputs[0]].shape[1:]
    classes = model.tensors[model.outputs[0]].shape[1]
    text = b"".join(_bytes(1, node) for node in graph.nodes) + _bytes(2, "frugal")
    text += b"".join(_bytes(5, constant) for constant in graph.constants)
    text += _bytes(11, _value_info("input", (1, channels, height, width)))
    text += _bytes(12, _value_info("output", (1, classes)))
    return (_number(1, _IR_VERSION) + _bytes(2, "frugal") + _bytes(7, text)
            + _bytes(8, _bytes(1, "") + _number(2, _OPSET)))


def main():
    source, target = map(Path, sys.argv[1:3])
    target.write_bytes(write(tflite_writer.read(source.read_bytes())))


if __name__ == "__main__":
    main()
