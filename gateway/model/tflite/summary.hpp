// SPDX-License-Identifier: Apache-2.0
// What a .tflite file holds and whether the node library can run it. read_model() takes bytes that
// may be hostile: FlatBuffers' verifier goes first, then our own checks of every index, shape and
// size, then the node's own runtime has the last word. Plain values, any thread; nothing is
// executed, nothing is kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace frugal::model {

struct Quantization {
    std::vector<float> scales;              ///< empty: not quantized; one: per tensor
    std::vector<std::int64_t> zero_points;  ///< as many as scales, or empty
    std::int32_t dimension = 0;             ///< axis the scales run along if there are several
};

/// Where constant bytes lie in the file.
struct ByteRange {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

struct TensorSummary {
    std::uint32_t index = 0;
    std::string name;
    std::vector<std::int32_t> shape;
    std::int32_t type = 0;         ///< number of the TFLite schema
    std::string type_name;         ///< "INT8"
    std::uint64_t size_bytes = 0;  ///< by shape and type; 0 if the type has no fixed size
    Quantization quantization;
    std::optional<ByteRange> constant;  ///< absent for an activation
};

/// One kind of operator and how often the main subgraph uses it.
struct OperatorSummary {
    std::int32_t code = 0;
    std::string name;  ///< "CONV_2D"; "CUSTOM(name)" for a custom one
    std::int32_t version = 1;
    std::uint32_t count = 0;
    bool is_built_in = false;  ///< of this version on some types; which, its kernel alone knows
    std::vector<std::uint32_t> places{};  ///< in the order the operators run
};

enum class WeightLayout {
    kOutHeightWidthIn,  ///< CONV_2D
    kHeightWidthOut,    ///< DEPTHWISE_CONV_2D (a leading axis of 1)
    kOutIn,             ///< FULLY_CONNECTED
    kVector,            ///< a bias, or any other constant of rank 0 or 1
    kOther,
};

std::string_view to_string(WeightLayout layout);

/// Constant bytes the operators read, with the first operator that does.
struct WeightSummary {
    std::uint32_t tensor = 0;
    std::uint32_t operator_index = 0;
    std::int32_t operator_code = 0;
    std::uint32_t port = 0;  ///< which input of the operator: 1 weights, 2 bias for most
    WeightLayout layout = WeightLayout::kOther;
    std::vector<std::int32_t> shape;
    std::int32_t type = 0;
    ByteRange range;
};

struct ModelSummary {
    std::uint64_t file_size_bytes = 0;
    std::string description;
    std::uint32_t subgraph_count = 0;
    std::vector<OperatorSummary> operators;  ///< of the main subgraph, by code, then version
    std::vector<TensorSummary> tensors;
    std::vector<std::uint32_t> inputs;  ///< tensor indexes
    std::vector<std::uint32_t> outputs;
    std::vector<WeightSummary> weights;  ///< by offset; tensors that share a buffer appear once
    std::uint64_t weight_bytes = 0;      ///< sum of the weights' ranges
    std::uint64_t arena_bytes = 0;       ///< exact if runnable, else the peak of live activations
    std::uint64_t state_bytes = 0;       ///< what a streaming model keeps between inferences
    std::uint64_t work = 0;  ///< multiply-accumulates of an inference; 0, unknown, if not runnable
    bool is_runnable = false;
    std::vector<std::string> missing;  ///< why not: "SVDF version 3 is not built in"
};

/// Reads and checks a model.
/// Fails with kInvalidInput for bytes that are no well-formed .tflite, kLimit beyond a limit of the
/// format reader. A well-formed model that cannot run is no error: see ModelSummary::missing.
base::Result<ModelSummary> read_model(base::ByteView bytes);

}  // namespace frugal::model
