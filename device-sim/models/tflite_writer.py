# SPDX-License-Identifier: Apache-2.0
"""Writes a Model as a .tflite file and reads one back.

Owned by the model scripts. Pure Python. Field numbers are those of the public TFLite schema
(file identifier TFL3, version 3). Knows only the operators in tflite_model.OPERATORS.
"""

from flatbuffer import Builder, Table
from tflite_model import (ACTIVATIONS, OPERATOR_VERSIONS, OPERATORS, PADDINGS, TYPES, Model,
                          Operator, Tensor)

IDENTIFIER = b"TFL3"
_BUFFER_ALIGNMENT = 16
_RUNTIME_VERSION = b"1.14.0"

# Operator -> (number of its options table, {option: (field, kind, default)}).
_ACTIVATION = "activation"
_OPTIONS = {
    "CONV_2D": (1, {"padding": (0, "int8", 0), "stride_width": (1, "int32", 0),
                    "stride_height": (2, "int32", 0), _ACTIVATION: (3, "int8", 0),
                    "dilation_width": (4, "int32", 1), "dilation_height": (5, "int32", 1)}),
    "DEPTHWISE_CONV_2D": (2, {"padding": (0, "int8", 0), "stride_width": (1, "int32", 0),
                              "stride_height": (2, "int32", 0),
                              "depth_multiplier": (3, "int32", 0), _ACTIVATION: (4, "int8", 0),
                              "dilation_width": (5, "int32", 1),
                              "dilation_height": (6, "int32", 1)}),
    "AVERAGE_POOL_2D": (5, {"padding": (0, "int8", 0), "stride_width": (1, "int32", 0),
                            "stride_height": (2, "int32", 0), "filter_width": (3, "int32", 0),
                            "filter_height": (4, "int32", 0), _ACTIVATION: (5, "int8", 0)}),
    "FULLY_CONNECTED": (8, {_ACTIVATION: (0, "int8", 0)}),
    "SOFTMAX": (9, {"beta": (0, "float32", 0.0)}),
    "ADD": (11, {_ACTIVATION: (0, "int8", 0)}),
    "RESHAPE": (17, {}),
}
_OPTIONS["MAX_POOL_2D"] = _OPTIONS["AVERAGE_POOL_2D"]
_NAMED = {_ACTIVATION: ACTIVATIONS, "padding": PADDINGS}


def _write_quantization(builder, tensor):
    if not tensor.scales:
        return builder.table({})
    scales = builder.vector("float32", tensor.scales)
    zero_points = builder.vector("int64", tensor.zero_points)
    fields = {2: ("offset", scales), 3: ("offset", zero_points)}
    if tensor.channel_axis:
        fields[6] = ("int32", tensor.channel_axis)
    return builder.table(fields)


def _write_tensor(builder, tensor, buffer_index):
    quantization = _write_quantization(builder, tensor)
    name = builder.string(tensor.name)
    shape = builder.vector("int32", tensor.shape)
    return builder.table({0: ("offset", shape), 1: ("int8", TYPES[tensor.kind]),
                          2: ("uint32", buffer_index), 3: ("offset", name),
                          4: ("offset", quantization)})


def _write_options(builder, operator):
    fields = {}
    for option, (field, kind, default) in _OPTIONS[operator.kind][1].items():
        value = operator.options.get(option, default)
        value = _NAMED[option][value] if option in _NAMED and isinstance(value, str) else value
        if value != default:
            fields[field] = (kind, value)
    if operator.kind == "RESHAPE":
        fields[0] = ("offset", builder.vector("int32", operator.options["new_shape"]))
    return builder.table(fields)


def _write_operator(builder, operator, code_index):
    options = _write_options(builder, operator)
    outputs = builder.vector("int32", operator.outputs)
    inputs = builder.vector("int32", operator.inputs)
    fields = {1: ("offset", inputs), 2: ("offset", outputs),
              3: ("uint8", _OPTIONS[operator.kind][0]), 4: ("offset", options)}
    if code_index:
        fields[0] = ("uint32", code_index)
    return builder.table(fields)


def _write_codes(builder, kinds):
    tables = []
    for kind in kinds:
        number = OPERATORS[kind]
        fields = {2: ("int32", OPERATOR_VERSIONS[kind])} if OPERATOR_VERSIONS[kind] != 1 else {}
        if number:
            fields.update({0: ("int8", number), 3: ("int32", number)})
        tables.append(builder.table(fields))
    return builder.offsets(tables)


def _write_buffers(builder, contents):
    tables = []
    for data in reversed(contents):
        fields = {}
        if data:
            fields[0] = ("offset", builder.vector("uint8", data, _BUFFER_ALIGNMENT))
        tables.insert(0, builder.table(fields))
    return builder.offsets(tables)


def _write_subgraph(builder, model, buffer_of, kinds):
    tensors = builder.offsets([_write_tensor(builder, tensor, buffer_of[index])
                               for index, tensor in enumerate(model.tensors)])
    operators = builder.offsets([_write_operator(builder, operator, kinds.index(operator.kind))
                                 for operator in model.operators])
    name = builder.string("main")
    outputs = builder.vector("int32", model.outputs)
    inputs = builder.vector("int32", model.inputs)
    return builder.offsets([builder.table(
        {0: ("offset", tensors), 1: ("offset", inputs), 2: ("offset", outputs),
         3: ("offset", operators), 4: ("offset", name)})])


def write(model):
    """The bytes of the .tflite file. Buffer 0 is empty, as the schema asks."""
    builder = Builder()
    contents, buffer_of = [b""], {}
    for index, tensor in enumerate(model.tensors):
        buffer_of[index] = len(contents) if tensor.data else 0
        if tensor.data:
            contents.append(tensor.data)
    contents.append(_RUNTIME_VERSION.ljust(16, b"\0"))
    kinds = list(dict.fromkeys(operator.kind for operator in model.operators))
    metadata_name = builder.string("min_runtime_version")
    metadata = builder.offsets([builder.table(
        {0: ("offset", metadata_name), 1: ("uint32", len(contents) - 1)})])
    buffers = _write_buffers(builder, contents)
    description = builder.string(model.description)
    subgraphs = _write_subgraph(builder, model, buffer_of, kinds)
    codes = _write_codes(builder, kinds)
    root = builder.table({0: ("uint32", 3), 1: ("offset", codes), 2: ("offset", subgraphs),
                          3: ("offset", description), 4: ("offset", buffers),
                          6: ("offset", metadata)})
    return builder.finish(root, IDENTIFIER)


def _name_of(table, number, what):
    for name, value in table.items():
        if value == number:
            return name
    raise ValueError(f"{what} {number} is not supported")


def _read_tensor(table, buffers):
    quantization = table.table(4)
    data = buffers[table.scalar(2, "uint32")].raw(0)
    return Tensor(
        table.text(3), tuple(table.values(0, "int32")),
        _name_of(TYPES, table.scalar(1, "int8"), "tensor type"),
        tuple(quantization.values(2, "float32")) if quantization else (),
        tuple(quantization.values(3, "int64")) if quantization else (),
        quantization.scalar(6, "int32") if quantization else 0, data or None)


def _read_operator(table, codes):
    code = codes[table.scalar(0, "uint32")]
    number = max(code.scalar(0, "int8"), code.scalar(3, "int32"))
    kind = _name_of(OPERATORS, number, "operator")
    options, options_table = {}, table.table(4)
    for option, (field, field_kind, default) in _OPTIONS[kind][1].items():
        value = options_table.scalar(field, field_kind, default) if options_table else default
        options[option] = _name_of(_NAMED[option], value, option) if option in _NAMED else value
    if kind == "RESHAPE":
        options["new_shape"] = tuple(options_table.values(0, "int32")) if options_table else ()
    return Operator(kind, tuple(table.values(1, "int32")), tuple(table.values(2, "int32")), options)


def read(data):
    """The Model in a file's bytes; refuses operators and types it does not know by number."""
    root = Table.root(data, IDENTIFIER)
    if root.scalar(0, "uint32") != 3:
        raise ValueError(f"schema version {root.scalar(0, 'uint32')} is not supported")
    graphs = root.tables(2)
    if len(graphs) != 1:
        raise ValueError(f"{len(graphs)} subgraphs; exactly one is supported")
    buffers, codes = root.tables(4), root.tables(1)
    return Model(root.text(3), [_read_tensor(table, buffers) for table in graphs[0].tables(0)],
                 [_read_operator(table, codes) for table in graphs[0].tables(3)],
                 tuple(graphs[0].values(1, "int32")), tuple(graphs[0].values(2, "int32")))
