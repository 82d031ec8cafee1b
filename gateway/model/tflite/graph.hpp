// SPDX-License-Identifier: Apache-2.0
// A .tflite as plain values: read, changed, written anew. For stages that change types or structure
// and so cannot rewrite in place. Only the main subgraph and what running it needs; names of
// tensors, descriptions, metadata and minima are left behind. Plain values, any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "model/tflite/summary.hpp"

namespace frugal::model {

struct GraphTensor {
    std::vector<std::int32_t> shape;
    std::int32_t type = 0;  ///< number of the TFLite schema
    base::Bytes data;       ///< empty: an activation
    Quantization quantization;
};

/// One scalar of an operator's options.
struct GraphOption {
    std::uint16_t field = 0;
    std::uint32_t size_bytes = 4;  ///< 1 or 4
    std::uint32_t bits = 0;
};

struct GraphOperator {
    std::int32_t code = 0;
    std::int32_t version = 1;
    std::vector<std::int32_t> inputs;  ///< tensor indexes, -1 for one left out
    std::vector<std::int32_t> outputs;
    std::uint8_t options_type = 0;
    std::vector<GraphOption> options;
};

struct Graph {
    std::vector<GraphTensor> tensors;
    std::vector<GraphOperator> operators;
    std::vector<std::int32_t> inputs;
    std::vector<std::int32_t> outputs;
};

/// Reads the main subgraph.
/// Fails with kInvalidInput for bytes that are no well-formed .tflite, kUnsupported for operators
/// whose options are not known here or that stand in further subgraphs.
base::Result<Graph> read_graph(base::ByteView file);

/// Writes a file; equal buffers are stored once. Same graph, same bytes.
base::Bytes write_graph(const Graph& graph);

}  // namespace frugal::model
