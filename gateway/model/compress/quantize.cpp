// SPDX-License-Identifier: Apache-2.0
#include "model/compress/quantize.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>

#include "model/compress/replay.hpp"
#include "model/tflite/graph.hpp"
#include "model/tflite/names.hpp"
#include "model/tflite/schema.hpp"

namespace frugal::model {

using base::Bytes;
using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

enum class OutputRange { kSeen, kAsInput, kUnit };

/// What an operator becomes: its int8 version and where its output's range comes from.
struct Int8Form {
    std::int32_t code;
    std::int32_t version;
    OutputRange range;
};

constexpr Int8Form kForms[] = {
    {0, 2, OutputRange::kSeen},      // ADD
    {1, 2, OutputRange::kAsInput},   // AVERAGE_POOL_2D
    {3, 3, OutputRange::kSeen},      // CONV_2D
    {4, 3, OutputRange::kSeen},      // DEPTHWISE_CONV_2D
    {9, 4, OutputRange::kSeen},      // FULLY_CONNECTED
    {14, 2, OutputRange::kUnit},     // LOGISTIC
    {17, 2, OutputRange::kAsInput},  // MAX_POOL_2D
    {22, 1, OutputRange::kAsInput},  // RESHAPE
    {25, 2, OutputRange::kUnit},     // SOFTMAX
    {40, 2, OutputRange::kSeen},     // MEAN
};

const Int8Form* form_of(std::int32_t code) {
    const auto* found = std::find_if(std::begin(kForms), std::end(kForms),
                                     [&](const Int8Form& form) { return form.code == code; });
    return found == std::end(kForms) ? nullptr : found;
}

struct Range {
    float least = 0;  ///< zero is always inside: padding must be exact
    float most = 0;

    void add(const std::vector<float>& values) {
        for (const float value : values) {
            least = std::min(least, value);
            most = std::max(most, value);
        }
    }
};

using Ranges = std::map<std::int32_t, Range>;

/// The scale callers already feed an int8 original with; none for a float32 one.
std::optional<Quantization> given_input(const Work& work) {
    const auto original = read_graph(work.original);
    if (!original || original->inputs.size() != 1) {
        return std::nullopt;
    }
    const auto& input = original->tensors[static_cast<std::size_t>(original->inputs[0])];
    return input.type == kInt8 ? std::optional(input.quantization) : std::nullopt;
}

/// Runs the float model an operator at a time and notes the range of what each writes.
Result<Ranges> seen_ranges(const Work& work, const Graph& graph) {
    auto replay = Replay::open(work.file, work.calibration_of(work.inputs), work.operators);
    if (!replay) {
        return tl::unexpected(replay.error());
    }
    Ranges ranges;
    std::vector<float> values;
    const auto note = [&](const std::vector<std::int32_t>& tensors) -> Result<void> {
        for (const std::int32_t tensor : tensors) {
            for (std::size_t input = 0; input < replay->size(); ++input) {
                const auto read = replay->read(input, static_cast<std::uint32_t>(tensor), values);
                if (!read) {
                    return read;
                }
                ranges[tensor].add(values);
            }
        }
        return {};
    };
    auto done = note(graph.inputs);
    for (std::uint32_t i = 0; done && i < graph.operators.size(); ++i) {
        done = replay->advance(i + 1);
        done = done ? note(graph.operators[i].outputs) : done;
    }
    if (!done) {
        return tl::unexpected(done.error());
    }
    return ranges;
}

Quantization quantization_of(const Range& range, double margin) {
    const float wider = static_cast<float>(1 + margin);
    const float least = range.least * wider;
    const float most = std::max(range.most * wider, least + 1e-6F);
    const float scale = (most - least) / 255;
    return {{scale}, {static_cast<std::int64_t>(std::nearbyint(-128 - least / scale))}, 0};
}

std::vector<float> floats_of(const Bytes& bytes) {
    std::vector<float> values(bytes.size() / sizeof(float));
    std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
    return values;
}

/// Symmetric levels; the channel of an element is (index / stride) % scales.
void quantize_weights(GraphTensor& tensor, std::size_t channels, std::size_t stride,
                      std::int32_t dimension) {
    const std::vector<float> values = floats_of(tensor.data);
    std::vector<float> scales(channels, 0.0F);
    for (std::size_t i = 0; i < values.size(); ++i) {
        float& largest = scales[i / stride % channels];
        largest = std::max(largest, std::abs(values[i]));
    }
    for (float& scale : scales) {
        scale = scale > 0 ? scale / 127 : 1.0F / 127;
    }
    tensor.data.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        const float level = std::nearbyint(values[i] / scales[i / stride % channels]);
        tensor.data[i] = static_cast<std::uint8_t>(static_cast<std::int8_t>(level));
    }
    tensor.type = kInt8;
    tensor.quantization = {scales, std::vector<std::int64_t>(channels, 0), dimension};
}

void quantize_bias(GraphTensor& tensor, float input_scale, const std::vector<float>& scales) {
    const std::vector<float> values = floats_of(tensor.data);
    std::vector<float> bias_scales;
    for (const float scale : scales) {
        bias_scales.push_back(input_scale * scale);
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        const float scale = bias_scales[bias_scales.size() == 1 ? 0 : i];
        const double level = std::nearbyint(static_cast<double>(values[i] / scale));
        const auto whole =
            static_cast<std::int32_t>(std::clamp(level, -2147483647.0, 2147483647.0));
        std::memcpy(tensor.data.data() + 4 * i, &whole, sizeof whole);
    }
    tensor.type = kInt32;
    tensor.quantization = {bias_scales, std::vector<std::int64_t>(bias_scales.size(), 0), 0};
}

class Converter {
public:
    Converter(Graph graph, const Ranges& ranges, const QuantizeOptions& options)
        : graph_(std::move(graph)), ranges_(ranges), options_(options) {}

    Result<Graph> convert(const std::optional<Quantization>& given) {
        const std::int32_t input = graph_.inputs[0];
        activation(input,
                   given ? *given : quantization_of(ranges_.at(input), options_.range_margin));
        for (GraphOperator& one : graph_.operators) {
            const auto converted = convert_operator(one);
            if (!converted) {
                return tl::unexpected(converted.error());
            }
        }
        return graph_;
    }

private:
    GraphTensor& tensor(std::int32_t index) {
        return graph_.tensors[static_cast<std::size_t>(index)];
    }

    void activation(std::int32_t index, Quantization quantization) {
        tensor(index).type = kInt8;
        tensor(index).quantization = std::move(quantization);
    }

    Result<void> convert_operator(GraphOperator& one) {
        const Int8Form* form = form_of(one.code);
        if (form == nullptr || one.inputs.empty() || one.outputs.size() != 1) {
            return fail(ErrorKind::kUnsupported,
                        "quantize: operator " + operator_name(one.code) + " has no int8 form here",
                        {}, "Quantize the model where it was trained.");
        }
        one.version = std::max(one.version, form->version);
        const bool owns_weights =
            one.code == kConv2d || one.code == kDepthwiseConv2d || one.code == kFullyConnected;
        const auto constants = owns_weights ? convert_weights(one) : check_constants(one);
        if (!constants) {
            return constants;
        }
        const std::int32_t output = one.outputs[0];
        if (form->range == OutputRange::kUnit) {
            activation(output, {{1.0F / 256}, {-128}, 0});
        } else if (form->range == OutputRange::kAsInput) {
            activation(output, tensor(one.inputs[0]).quantization);
        } else {
            activation(output, quantization_of(ranges_.at(output), options_.range_margin));
        }
        return {};
    }

    static tl::unexpected<base::Error> refuse_constant(const std::string& what) {
        return fail(ErrorKind::kUnsupported, "quantize: " + what, {},
                    "Quantize the model where it was trained.");
    }

    /// What another layer shares is no float any more.
    bool has_constant(const GraphOperator& one, std::size_t port) {
        return one.inputs.size() > port && one.inputs[port] >= 0 &&
               tensor(one.inputs[port]).type == kFloat32 && !tensor(one.inputs[port]).data.empty();
    }

    Result<void> check_constants(const GraphOperator& one) {
        for (std::size_t port = 0; port < one.inputs.size(); ++port) {
            if (has_constant(one, port)) {
                return refuse_constant("operator " + operator_name(one.code) +
                                       " has a constant input");
            }
        }
        return {};
    }

    Result<void> convert_weights(const GraphOperator& one) {
        if (!has_constant(one, 1)) {
            return refuse_constant("weights of " + operator_name(one.code) +
                                   " are shared, or not a float32 constant");
        }
        const bool has_bias = one.inputs.size() >= 3 && one.inputs[2] >= 0;
        if (has_bias && !has_constant(one, 2)) {
            return refuse_constant("the bias of " + operator_name(one.code) +
                                   " is shared, or not a float32 constant");
        }
        GraphTensor& weights = tensor(one.inputs[1]);
        const std::vector<std::int32_t> shape = weights.shape;
        const std::size_t elements = weights.data.size() / sizeof(float);
        if (one.code == kFullyConnected) {
            quantize_weights(weights, 1, elements, 0);
        } else if (one.code == kConv2d) {
            const auto channels = static_cast<std::size_t>(shape[0]);
            quantize_weights(weights, channels, elements / channels, 0);
        } else {
            quantize_weights(weights, static_cast<std::size_t>(shape[3]), 1, 3);
        }
        if (has_bias) {
            quantize_bias(tensor(one.inputs[2]), tensor(one.inputs[0]).quantization.scales[0],
                          weights.quantization.scales);
        }
        return {};
    }

    Graph graph_;
    const Ranges& ranges_;
    const QuantizeOptions& options_;
};

}  // namespace

std::vector<Bytes> quantize_inputs(const std::vector<Bytes>& inputs, const InputFormat& format) {
    std::vector<Bytes> result;
    for (const Bytes& input : inputs) {
        Bytes bytes;
        for (const float value : floats_of(input)) {
            const float level =
                std::nearbyint(value / format.scale) + static_cast<float>(format.zero_point);
            bytes.push_back(static_cast<std::uint8_t>(
                static_cast<std::int8_t>(std::clamp(level, -128.0F, 127.0F))));
        }
        result.push_back(std::move(bytes));
    }
    return result;
}

Result<void> quantize(Work& work, const QuantizeOptions& options) {
    auto graph = read_graph(work.file);
    if (!graph) {
        return tl::unexpected(graph.error());
    }
    const auto is_float = [&](std::int32_t index) {
        return graph->tensors[static_cast<std::size_t>(index)].type == kFloat32;
    };
    if (graph->inputs.size() != 1 ||
        !std::all_of(graph->inputs.begin(), graph->inputs.end(), is_float)) {
        return fail(ErrorKind::kUnsupported, "quantize: the model has no single float32 input", {},
                    "Only float32 models can be quantized.");
    }
    const auto ranges = seen_ranges(work, *graph);
    if (!ranges) {
        return tl::unexpected(ranges.error());
    }
    auto converted = Converter(std::move(*graph), *ranges, options).convert(given_input(work));
    if (!converted) {
        return tl::unexpected(converted.error());
    }
    work.file = write_graph(*converted);
    const auto format = input_format(work.file);
    if (!format) {
        return fail(format.error(), "quantize: the int8 model is refused");
    }
    work.inputs = quantize_inputs(work.inputs, *format);
    return {};
}

}  // namespace frugal::model
