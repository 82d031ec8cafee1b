// SPDX-License-Identifier: Apache-2.0
// The oracle: runs .tflite models on the TFLite runtime inside @tensorflow/tfjs-tflite, whose wasm
// module needs no browser, and writes what went in and what came out for oracle_compare to judge.
//
//   node run_models.js --modules NODE_MODULES --out FOLDER [--count 100] [--seed 1]
//                      [--kernels builtin|xnnpack] MODEL...
//
// `builtin`, the default, keeps the delegate out of the way (static_graph.js says how and why).
// For each model NAME.tflite the folder gets NAME.inputs and NAME.outputs (the samples one after
// another, raw bytes) and NAME.json (sizes, and the kernels that ran). A model the oracle cannot
// load gets only NAME.json, with the reason.
'use strict';
const fs = require('fs');
const path = require('path');
const {withoutDelegate} = require('./static_graph.js');

function parseArguments(words) {
    const options = {count: 100, seed: 1, kernels: 'builtin', models: []};
    for (let i = 0; i < words.length; i++) {
        if (words[i].startsWith('--')) {
            options[words[i].slice(2)] = words[i + 1];
            i++;
        } else {
            options.models.push(words[i]);
        }
    }
    if (!options.modules || !options.out || options.models.length === 0) {
        throw new Error('usage: run_models.js --modules NODE_MODULES --out FOLDER MODEL...');
    }
    options.count = Number(options.count);
    options.seed = Number(options.seed);
    return options;
}

/** xorshift32: the same bytes on every machine. */
function generator(seed) {
    let state = (seed * 2654435761 + 88172645) >>> 0 || 1;
    return () => {
        state ^= state << 13;
        state >>>= 0;
        state ^= state >>> 17;
        state ^= state << 5;
        state >>>= 0;
        return state;
    };
}

/** Fills a tensor: every third sample is noise, the others drift, which real signals do. */
function fillInput(data, sample, random) {
    let level = random() & 0xff;
    for (let i = 0; i < data.length; i++) {
        const byte = random() >>> 24;
        level = sample % 3 === 0 ? byte : Math.min(255, Math.max(0, level + (byte % 31) - 15));
        if (data instanceof Float32Array) {
            data[i] = (level - 128) / 32;
        } else if (data instanceof Int8Array) {
            data[i] = level - 128;
        } else {
            data[i] = level;
        }
    }
}

function bytesOf(array) {
    return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

function listOf(vector) {
    const list = [];
    for (let i = 0; i < vector.size(); i++) {
        list.push(vector.get(i));
    }
    return list;
}

/** The package's loader script knows browsers only; given the wasm bytes it needs none. */
async function loadRuntime(modules) {
    const folder = path.join(modules, '@tensorflow', 'tfjs-tflite', 'wasm');
    const code = fs.readFileSync(path.join(folder, 'tflite_web_api_cc.js'), 'utf8');
    const factory = new Function(code + ';return tflite_web_api_ModuleFactory')();
    const wasmBinary = fs.readFileSync(path.join(folder, 'tflite_web_api_cc.wasm'));
    return factory({wasmBinary, print: () => {}, printErr: () => {}});
}

function createRunner(runtime, model) {
    const place = runtime._malloc(model.length);
    runtime.HEAPU8.set(model, place);
    const created = runtime.TFLiteWebModelRunner.CreateFromBufferAndOptions(
        place, model.length,
        {numThreads: 1, enableProfiling: true, maxProfilingBufferEntries: 4096});
    if (!created.ok()) {
        throw new Error(created.errorMessage());
    }
    return created.value();
}

async function runModel(file, options, what) {
    const original = fs.readFileSync(file);
    const {bytes, extra} =
        what === 'nothing' ? {bytes: original, extra: []} : withoutDelegate(original, what);
    // A model that crashes the oracle leaves its memory in ruins: a fresh one for each.
    const runtime = await loadRuntime(options.modules);
    const runner = createRunner(runtime, bytes);
    const allInputs = listOf(runner.GetInputs());
    const inputs = allInputs.slice(0, allInputs.length - extra.length);
    const outputs = listOf(runner.GetOutputs());
    const random = generator(options.seed);
    const written = {inputs: [], outputs: []};
    for (let sample = 0; sample < options.count; sample++) {
        // Memory moves while tensors of dynamic size find their place: ask anew for every run.
        const places = listOf(runner.GetInputs());
        for (const input of places.slice(0, inputs.length)) {
            const data = input.data();
            fillInput(data, sample, random);
            written.inputs.push(Buffer.from(bytesOf(data)));
        }
        extra.forEach((data, i) => {
            bytesOf(places[inputs.length + i].data()).set(data);
        });
        if (!runner.Infer()) {
            throw new Error('the oracle failed to run the model');
        }
        for (const output of listOf(runner.GetOutputs())) {
            written.outputs.push(Buffer.from(bytesOf(output.data())));
        }
    }
    const kernels = new Set(listOf(runner.GetProfilingResults()).map((item) => item.nodeType));
    return {
        written,
        report: {
            samples: options.count,
            kernels: [...kernels].sort(),
            outputs: outputs.map((output) => ({type: output.dataType, shape: output.shape})),
        },
    };
}

/**
 * Tries the ways to keep the delegate away until one works; returns the first result or error. It
 * keeps away by itself from graphs with variables.
 */
async function runSomehow(file, options) {
    const ways = options.kernels === 'builtin' ? ['nothing', 'shapes', 'weights'] : ['nothing'];
    let failure = null;
    for (const what of ways) {
        try {
            const result = await runModel(file, options, what);
            const delegated = result.report.kernels.some((name) => name.includes('Delegate'));
            if (!delegated || options.kernels !== 'builtin' || what === 'weights') {
                return result;
            }
        } catch (error) {
            failure = error;
        }
    }
    return {written: null, report: {refused: String(failure.message || failure)}};
}

async function main() {
    const options = parseArguments(process.argv.slice(2));
    fs.mkdirSync(options.out, {recursive: true});
    for (const file of options.models) {
        const target = path.join(options.out, path.basename(file, '.tflite'));
        const result = await runSomehow(file, options);
        if (result.written) {
            fs.writeFileSync(target + '.inputs', Buffer.concat(result.written.inputs));
            fs.writeFileSync(target + '.outputs', Buffer.concat(result.written.outputs));
        }
        fs.writeFileSync(target + '.json', JSON.stringify(result.report) + '\n');
    }
}

main().catch((error) => {
    process.stderr.write(String(error.message || error) + '\n');
    process.exit(1);
});
