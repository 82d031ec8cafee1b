// SPDX-License-Identifier: Apache-2.0
// Keeps a model on TFLite's own kernels. The runtime in the npm package hands most operators to the
// XNNPACK delegate, whose rounding differs from the reference kernels by one unit in most layers,
// and a deep network adds that up. The delegate steps aside when a graph has a tensor of dynamic
// size or weights that are not constant; so this turns some constants into further inputs of the
// model, to be fed with the very bytes they had. The arithmetic stays what it was.
'use strict';

const RESHAPE = 22;
const WEIGHTED = new Set([3, 4, 9]);  // CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED

/** The few steps of FlatBuffers needed here, on a file that is trusted. */
class Reader {
    constructor(bytes) {
        this.bytes = bytes;
    }

    u32(position) {
        return this.bytes.readUInt32LE(position);
    }

    follow(position) {
        return position + this.u32(position);
    }

    /** Position of a field's bytes, or 0 if it is absent. */
    field(table, index) {
        const vtable = table - this.bytes.readInt32LE(table);
        const slot = 4 + 2 * index;
        const offset =
            slot < this.bytes.readUInt16LE(vtable) ? this.bytes.readUInt16LE(vtable + slot) : 0;
        return offset === 0 ? 0 : table + offset;
    }

    /** {position, count} of a vector field. */
    vector(table, index) {
        const field = this.field(table, index);
        if (field === 0) {
            return {position: 0, count: 0};
        }
        const start = this.follow(field);
        return {position: start + 4, count: this.u32(start)};
    }

    table(vector, index) {
        return this.follow(vector.position + 4 * index);
    }

    indices(vector) {
        return Array.from({length: vector.count},
                          (_, i) => this.bytes.readInt32LE(vector.position + 4 * i));
    }
}

class Model {
    constructor(bytes) {
        this.reader = new Reader(bytes);
        const root = this.reader.follow(0);
        this.codes = this.reader.vector(root, 1);
        this.subgraph = this.reader.table(this.reader.vector(root, 2), 0);
        this.buffers = this.reader.vector(root, 4);
        this.tensors = this.reader.vector(this.subgraph, 0);
        this.inputs = this.reader.indices(this.reader.vector(this.subgraph, 1));
    }

    operators() {
        const list = this.reader.vector(this.subgraph, 3);
        return Array.from({length: list.count}, (_, i) => {
            const table = this.reader.table(list, i);
            const code = this.reader.field(table, 0);
            const entry = this.reader.table(this.codes, code === 0 ? 0 : this.reader.u32(code));
            const narrow = this.reader.field(entry, 0);
            const wide = this.reader.field(entry, 3);
            return {
                code: Math.max(narrow === 0 ? 0 : this.reader.bytes.readInt8(narrow),
                               wide === 0 ? 0 : this.reader.u32(wide)),
                inputs: this.reader.indices(this.reader.vector(table, 1)),
            };
        });
    }

    /** Bytes of a constant tensor, or null. */
    constant(tensor) {
        const field = this.reader.field(this.reader.table(this.tensors, tensor), 2);
        const buffer = field === 0 ? 0 : this.reader.u32(field);
        const data = this.reader.vector(this.reader.table(this.buffers, buffer), 0);
        return data.count === 0
            ? null
            : Buffer.from(this.reader.bytes.subarray(data.position, data.position + data.count));
    }

    forgetConstant(tensor) {
        this.reader.bytes.writeUInt32LE(0,
                                        this.reader.field(this.reader.table(this.tensors, tensor),
                                                          2));
    }
}

/**
 * Some old files say "quantized along dimension 3" of a vector with a scale for each element, and
 * the runtime refuses them; there is only dimension 0.
 */
function repairDimensions(model) {
    for (let tensor = 0; tensor < model.tensors.count; tensor++) {
        const table = model.reader.table(model.tensors, tensor);
        const rank = model.reader.vector(table, 0).count;
        const quantization = model.reader.field(table, 4);
        const dimension =
            quantization === 0 ? 0 : model.reader.field(model.reader.follow(quantization), 6);
        if (dimension !== 0 && rank === 1 && model.reader.u32(dimension) >= rank) {
            model.reader.bytes.writeUInt32LE(0, dimension);
        }
    }
}

/**
 * Constants to turn into inputs. 'shapes': those of RESHAPE, which makes its output dynamic and
 * keeps the delegate away altogether. 'weights': all weights, for models without RESHAPE or where
 * the runtime cannot cope with the former; elementwise operators may still go to the delegate.
 */
function chooseConstants(model, what) {
    const operators = model.operators();
    const shapes = operators.filter((one) => one.code === RESHAPE && one.inputs.length === 2);
    const weighted = operators.filter((one) => WEIGHTED.has(one.code));
    const chosen = (what === 'shapes' ? shapes : weighted).map((one) => one.inputs[1]);
    return [...new Set(chosen)].filter((tensor) => model.constant(tensor) !== null);
}

/** Returns {bytes, extra}: the changed model, and the bytes to feed its further inputs with. */
function withoutDelegate(original, what) {
    const model = new Model(Buffer.from(original));
    repairDimensions(model);
    const chosen = chooseConstants(model, what);
    if (chosen.length === 0) {
        throw new Error('no constant ' + what + ' to turn into inputs');
    }
    const extra = chosen.map((tensor) => model.constant(tensor));
    chosen.forEach((tensor) => model.forgetConstant(tensor));
    const inputs = [...model.inputs, ...chosen];
    const bytes = model.reader.bytes;
    const padding = Buffer.alloc((4 - bytes.length % 4) % 4);
    const list = Buffer.alloc(4 + 4 * inputs.length);
    list.writeUInt32LE(inputs.length, 0);
    inputs.forEach((tensor, i) => list.writeInt32LE(tensor, 4 + 4 * i));
    const field = model.reader.field(model.subgraph, 1);
    bytes.writeUInt32LE(bytes.length + padding.length - field, field);
    return {bytes: Buffer.concat([bytes, padding, list]), extra};
}

module.exports = {withoutDelegate};
