// SPDX-License-Identifier: Apache-2.0
#include "model/compress/dequantize.hpp"

#include <algorithm>
#include <cstring>

#include "model/tflite/graph.hpp"
#include "model/tflite/names.hpp"
#include "model/tflite/schema.hpp"

namespace frugal::model {

using base::Bytes;
using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

/// Operators whose float32 form takes the same inputs and options.
constexpr std::int32_t kSame[] = {0,  1,  kConv2d, kDepthwiseConv2d, kFullyConnected,
                                  14, 17, 22,      kSoftmax,         40};

tl::unexpected<base::Error> refuse(const std::string& what) {
    return fail(ErrorKind::kUnsupported, "dequantize: " + what, {},
                "Retrain the float32 model it was made from.");
}

void put_floats(GraphTensor& tensor, const std::vector<float>& values) {
    tensor.data.resize(values.size() * sizeof(float));
    std::memcpy(tensor.data.data(), values.data(), tensor.data.size());
    tensor.type = kFloat32;
    tensor.quantization = {};
}

/// How many elements lie between two along a dimension.
std::size_t stride_of(const std::vector<std::int32_t>& shape, std::int32_t dimension) {
    std::size_t stride = 1;
    for (std::size_t axis = shape.size(); axis > static_cast<std::size_t>(dimension) + 1; --axis) {
        stride *= static_cast<std::size_t>(shape[axis - 1]);
    }
    return stride;
}

class ToFloat {
public:
    explicit ToFloat(Graph& graph) : graph_(graph) {}

    Result<void> run() {
        for (GraphOperator& one : graph_.operators) {
            const auto done = convert(one);
            if (!done) {
                return done;
            }
        }
        for (GraphTensor& tensor : graph_.tensors) {
            if (tensor.type == kInt8 && !tensor.data.empty()) {
                return refuse("an int8 constant beside the weights");
            }
            if (tensor.type == kInt8) {
                tensor.type = kFloat32;
                tensor.quantization = {};
            }
        }
        return {};
    }

private:
    GraphTensor& tensor(std::int32_t index) {
        return graph_.tensors[static_cast<std::size_t>(index)];
    }

    Result<void> convert(GraphOperator& one) {
        if (std::find(std::begin(kSame), std::end(kSame), one.code) == std::end(kSame)) {
            return refuse("operator " + operator_name(one.code) + " has no float32 form here");
        }
        // Version 2 of a depthwise convolution knows dilation; all else is as old as the format.
        one.version = one.code == kDepthwiseConv2d ? 2 : 1;
        const bool owns_weights =
            one.code == kConv2d || one.code == kDepthwiseConv2d || one.code == kFullyConnected;
        return owns_weights ? convert_weights(one) : Result<void>{};
    }

    Result<void> convert_weights(const GraphOperator& one) {
        if (one.inputs.size() < 2 || one.inputs[0] < 0 || one.inputs[1] < 0 ||
            tensor(one.inputs[1]).type != kInt8 || tensor(one.inputs[1]).data.empty() ||
            tensor(one.inputs[1]).quantization.scales.empty() ||
            tensor(one.inputs[0]).quantization.scales.size() != 1) {
            return refuse("weights of " + operator_name(one.code) +
                          " are shared, or not an int8 constant");
        }
        GraphTensor& weights = tensor(one.inputs[1]);
        const std::vector<float> scales = weights.quantization.scales;
        const std::int32_t dimension = weights.quantization.dimension;
        if (dimension < 0 || static_cast<std::size_t>(dimension) >= weights.shape.size()) {
            return refuse("weights of " + operator_name(one.code) +
                          " have scales along an axis they do not have");
        }
        const std::size_t stride = stride_of(weights.shape, dimension);
        std::vector<float> values;
        for (std::size_t i = 0; i < weights.data.size(); ++i) {
            const auto level = static_cast<std::int8_t>(weights.data[i]);
            values.push_back(scales[i / stride % scales.size()] * static_cast<float>(level));
        }
        put_floats(weights, values);
        if (one.inputs.size() < 3 || one.inputs[2] < 0) {
            return {};
        }
        GraphTensor& bias = tensor(one.inputs[2]);
        if (bias.type != kInt32 || bias.data.empty()) {
            return refuse("the bias of " + operator_name(one.code) +
                          " is shared, or not an int32 constant");
        }
        convert_bias(bias, tensor(one.inputs[0]).quantization.scales[0], scales);
        return {};
    }

    static void convert_bias(GraphTensor& bias, float input_scale,
                             const std::vector<float>& scales) {
        std::vector<float> values(bias.data.size() / sizeof(std::int32_t));
        for (std::size_t i = 0; i < values.size(); ++i) {
            std::int32_t level = 0;
            std::memcpy(&level, bias.data.data() + sizeof level * i, sizeof level);
            values[i] = static_cast<float>(level) * input_scale * scales[i % scales.size()];
        }
        put_floats(bias, values);
    }

    Graph& graph_;
};

}  // namespace

Result<Bytes> dequantized_file(base::ByteView file) {
    auto graph = read_graph(file);
    if (!graph) {
        return tl::unexpected(graph.error());
    }
    const bool has_int8 = std::any_of(graph->tensors.begin(), graph->tensors.end(),
                                      [](const GraphTensor& one) { return one.type == kInt8; });
    if (!has_int8) {
        return Bytes(file.begin(), file.end());
    }
    const auto done = ToFloat(*graph).run();
    if (!done) {
        return tl::unexpected(done.error());
    }
    return write_graph(*graph);
}

Result<void> dequantize(Work& work, const DequantizeOptions&) {
    const auto before = input_format(work.file, work.operators);
    auto file = dequantized_file(work.file);
    if (!before || !file) {
        return tl::unexpected((before ? file.error() : before.error()));
    }
    if (before->type != kInt8) {
        return refuse("the model is not int8");
    }
    work.inputs = dequantize_inputs(work.inputs, *before);
    work.file = std::move(*file);
    return {};
}

std::vector<Bytes> dequantize_inputs(const std::vector<Bytes>& inputs, const InputFormat& format) {
    std::vector<Bytes> result;
    for (const Bytes& input : inputs) {
        Bytes bytes(input.size() * sizeof(float));
        for (std::size_t i = 0; i < input.size(); ++i) {
            const auto level = static_cast<float>(static_cast<std::int8_t>(input[i]));
            const float value = (level - static_cast<float>(format.zero_point)) * format.scale;
            std::memcpy(bytes.data() + sizeof value * i, &value, sizeof value);
        }
        result.push_back(std::move(bytes));
    }
    return result;
}

}  // namespace frugal::model
