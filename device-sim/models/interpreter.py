# SPDX-License-Identifier: Apache-2.0
"""Runs a quantized Model on many inputs at once with TFLite's integer arithmetic.

Owned by the model scripts. Needs numpy. Integer results are exact: sums are formed in float64,
where every partial sum of these models (below 2^53) is represented exactly. An implementation of
its own, so that the device's runtime and this one check each other.
"""

import numpy as np

import fixed_point

_DTYPES = {"float32": np.float32, "int32": np.int32, "int8": np.int8}


def constant(tensor):
    """A constant tensor's data as an array."""
    return np.frombuffer(tensor.data, _DTYPES[tensor.kind]).reshape(tensor.shape)


def padding_before(size, kernel, stride, output):
    return max((output - 1) * stride + kernel - size, 0) // 2


def windows(values, kernel, stride, padding, fill):
    """All windows of [count, height, width, channels] as [count, oh, ow, kh, kw, channels]."""
    count, channels = values.shape[0], values.shape[3]
    sizes, starts = [], []
    for size, window, step in zip(values.shape[1:3], kernel, stride):
        output = -(-size // step) if padding == "same" else (size - window) // step + 1
        sizes.append(output)
        starts.append(padding_before(size, window, step, output) if padding == "same" else 0)
    needed = [(output - 1) * step + window for output, step, window in zip(sizes, stride, kernel)]
    padded = np.full((count, max(needed[0], starts[0] + values.shape[1]),
                      max(needed[1], starts[1] + values.shape[2]), channels), fill, values.dtype)
    padded[:, starts[0]:starts[0] + values.shape[1],
           starts[1]:starts[1] + values.shape[2]] = values
    strides = padded.strides
    return np.lib.stride_tricks.as_strided(
        padded, (count, *sizes, *kernel, channels),
        (strides[0], strides[1] * stride[0], strides[2] * stride[1], *strides[1:]))


def activation_range(activation, scale, zero_point):
    """The clamp of a fused activation in quantized units."""
    low, high = -128, 127
    if activation in ("relu", "relu6"):
        low = max(low, zero_point)
    if activation == "relu6":
        high = min(high, zero_point + fixed_point.round_half_away(
            np.float32(6.0) / np.float32(scale)))
    return low, high


def _requantize(sums, operator, model):
    """32-bit sums to the output's int8, with one multiplier per channel or one for all."""
    source, weights = (model.tensors[index] for index in operator.inputs[:2])
    output = model.tensors[operator.outputs[0]]
    # The reference code multiplies a fully connected layer's two scales in single precision.
    kind = np.float32 if operator.kind == "FULLY_CONNECTED" else np.float64
    pairs = [fixed_point.quantize_multiplier(
        float(kind(source.scales[0]) * kind(scale)) / float(output.scales[0]))
        for scale in weights.scales]
    mantissas = np.array([pair[0] for pair in pairs], np.int64)
    shifts = np.array([pair[1] for pair in pairs], np.int64)
    multiply = (fixed_point.multiply if operator.kind == "DEPTHWISE_CONV_2D"
                else fixed_point.multiply_rounding_once)
    scaled = multiply(sums, mantissas, shifts) + output.zero_points[0]
    low, high = activation_range(operator.options["activation"], output.scales[0],
                                 output.zero_points[0])
    return np.clip(scaled, low, high).astype(np.int8)


def _bias(operator, model):
    if len(operator.inputs) < 3 or operator.inputs[2] < 0:
        return 0
    return constant(model.tensors[operator.inputs[2]]).astype(np.int64)


def _stride(operator):
    return operator.options["stride_height"], operator.options["stride_width"]


def _convolution(operator, model, values):
    source, weights = (model.tensors[index] for index in operator.inputs[:2])
    zero_point = source.zero_points[0]
    kernel = constant(weights).astype(np.float64)
    found = windows(values.astype(np.float64) - zero_point, kernel.shape[1:3], _stride(operator),
                    operator.options["padding"], 0.0)
    columns = found.reshape(*found.shape[:3], -1)
    sums = columns @ kernel.reshape(len(kernel), -1).T
    return _requantize(sums.astype(np.int64) + _bias(operator, model), operator, model)


def _depthwise(operator, model, values):
    source, weights = (model.tensors[index] for index in operator.inputs[:2])
    kernel = constant(weights).astype(np.float64)[0]
    found = windows(values.astype(np.float64) - source.zero_points[0], kernel.shape[:2],
                    _stride(operator), operator.options["padding"], 0.0)
    multiplier = kernel.shape[2] // values.shape[3]
    sums = np.zeros((*found.shape[:3], kernel.shape[2]))
    for row in range(kernel.shape[0]):
        for column in range(kernel.shape[1]):
            sums += np.repeat(found[:, :, :, row, column], multiplier, 3) * kernel[row, column]
    return _requantize(sums.astype(np.int64) + _bias(operator, model), operator, model)


def _fully_connected(operator, model, values):
    source, weights = (model.tensors[index] for index in operator.inputs[:2])
    rows = values.reshape(len(values), -1).astype(np.float64) - source.zero_points[0]
    sums = rows @ constant(weights).astype(np.float64).T
    return _requantize(sums.astype(np.int64) + _bias(operator, model), operator, model)


def _pool(operator, model, values):
    options = operator.options
    kernel = options["filter_height"], options["filter_width"]
    output = model.tensors[operator.outputs[0]]
    low, high = activation_range(options["activation"], output.scales[0], output.zero_points[0])
    if operator.kind == "MAX_POOL_2D":
        found = windows(values, kernel, _stride(operator), options["padding"], -128)
        return np.clip(found.max((3, 4)), low, high)
    arguments = (kernel, _stride(operator), options["padding"], 0)
    sums = windows(values.astype(np.int64), *arguments).sum((3, 4))
    counts = windows(np.ones(values.shape, np.int64), *arguments).sum((3, 4))
    rounded = fixed_point.divide_truncating(sums + np.where(sums > 0, counts // 2, -(counts // 2)),
                                            counts)
    return np.clip(rounded, low, high).astype(np.int8)


def _add(operator, model, left, right):
    tensors = [model.tensors[index] for index in operator.inputs]
    output = model.tensors[operator.outputs[0]]
    twice = 2.0 * max(float(tensor.scales[0]) for tensor in tensors)
    total = 0
    for tensor, values in zip(tensors, (left, right)):
        pair = fixed_point.quantize_multiplier(float(tensor.scales[0]) / twice)
        shifted = (values.astype(np.int64) - tensor.zero_points[0]) << 20
        total = total + fixed_point.multiply(shifted, *pair)
    pair = fixed_point.quantize_multiplier(twice / (float(1 << 20) * float(output.scales[0])))
    scaled = fixed_point.multiply(total, *pair) + output.zero_points[0]
    low, high = activation_range(operator.options["activation"], output.scales[0],
                                 output.zero_points[0])
    return np.clip(scaled, low, high).astype(np.int8)


def _softmax(operator, model, values):
    scale = float(model.tensors[operator.inputs[0]].scales[0])
    return fixed_point.softmax_int8(values, float(operator.options["beta"]), scale)


def _reshape(operator, model, values):
    return values.reshape(len(values), *model.tensors[operator.outputs[0]].shape[1:])


_KERNELS = {"CONV_2D": _convolution, "DEPTHWISE_CONV_2D": _depthwise, "ADD": _add,
            "FULLY_CONNECTED": _fully_connected, "AVERAGE_POOL_2D": _pool, "MAX_POOL_2D": _pool,
            "SOFTMAX": _softmax, "RESHAPE": _reshape}


def run(model, inputs):
    """Outputs [count, ...] int8 for inputs [count, ...] int8 of the model's input shape."""
    known = {model.inputs[0]: inputs}
    for operator in model.operators:
        arguments = [known[index] for index in operator.inputs if index in known]
        known[operator.outputs[0]] = _KERNELS[operator.kind](operator, model, *arguments)
    return known[model.outputs[0]]


def run_in_batches(model, inputs, batch=250):
    return np.concatenate([run(model, inputs[start:start + batch])
                           for start in range(0, len(inputs), batch)])
