// SPDX-License-Identifier: Apache-2.0
#include "model/compress/chain_file.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <string>

#include "base/assert.hpp"
#include "model/compress/layer_values.hpp"
#include "model/tflite/graph.hpp"
#include "model/tflite/layers.hpp"
#include "model/tflite/names.hpp"
#include "model/tflite/schema.hpp"

namespace frugal::model {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::int32_t kAveragePool2d = 1;
constexpr std::int32_t kMaxPool2d = 17;
constexpr std::int32_t kReshape = 22;
constexpr std::int32_t kMean = 40;

tl::unexpected<base::Error> no_chain(const std::string& what) {
    return fail(ErrorKind::kUnsupported, "retrain: " + what,
                "only float32 chains of convolution, depthwise convolution, dense layers and "
                "pooling with ReLU or ReLU6 can be trained here",
                "Prune by calibration inputs instead (stage \"prune\").");
}

std::uint32_t option(const GraphOperator& one, std::uint16_t field) {
    const auto found =
        std::find_if(one.options.begin(), one.options.end(),
                     [&](const GraphOption& option) { return option.field == field; });
    return found == one.options.end() ? 0 : found->bits;
}

std::size_t length(const std::vector<std::int32_t>& shape, std::size_t axis) {
    return static_cast<std::size_t>(std::max(shape[axis], 0));
}

/// A batch of one image, or a vector.
Frame frame_of(const std::vector<std::int32_t>& shape) {
    Frame frame;
    if (shape.size() == 4 && shape[0] == 1) {
        return {length(shape, 1), length(shape, 2), length(shape, 3)};
    }
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
        frame.channels *= length(shape, axis);
    }
    return frame;
}

std::optional<Activation> activation_of(std::uint32_t code) {
    constexpr std::uint32_t kRelu6 = 3;
    return code == 0        ? std::optional(Activation::kNone)
           : code == kRelu  ? std::optional(Activation::kRelu)
           : code == kRelu6 ? std::optional(Activation::kRelu6)
                            : std::nullopt;
}

void pad(ChainStep& step) {
    ChainWindow& window = step.window;
    window.top = padding_before(step.input.height, step.output.height, window.stride_height,
                                (window.height - 1) * window.dilation_height + 1);
    window.left = padding_before(step.input.width, step.output.width, window.stride_width,
                                 (window.width - 1) * window.dilation_width + 1);
}

class ChainReader {
public:
    ChainReader(base::ByteView file, const Graph& graph, const std::vector<Layer>& layers)
        : file_(file), graph_(graph) {
        for (const Layer& layer : layers) {
            layers_.emplace(layer.operator_index, &layer);
        }
    }

    Result<Chain> read() {
        if (graph_.inputs.size() != 1 || graph_.outputs.size() != 1) {
            return no_chain("the model has several inputs or outputs");
        }
        value_ = graph_.inputs[0];
        size_ = frame_of(shape(value_)).size();
        for (std::size_t i = 0; i < graph_.operators.size(); ++i) {
            const auto added = add(i);
            if (!added) {
                return tl::unexpected(added.error());
            }
        }
        const bool has_weights =
            std::any_of(chain_.steps.begin(), chain_.steps.end(),
                        [](const ChainStep& step) { return step.has_weights(); });
        if (!has_weights || chain_.steps.back().activation != Activation::kNone) {
            return no_chain("the model does not end in logits");
        }
        return chain_;
    }

private:
    const std::vector<std::int32_t>& shape(std::int32_t tensor) const {
        return graph_.tensors[static_cast<std::size_t>(tensor)].shape;
    }

    Result<void> add(std::size_t index) {
        const GraphOperator& one = graph_.operators[index];
        if (one.inputs.empty() || one.inputs[0] != value_ || one.outputs.size() != 1) {
            return no_chain("operator " + operator_name(one.code) + " is beside the chain");
        }
        const bool is_last = index + 1 == graph_.operators.size();
        value_ = one.outputs[0];
        if (one.code == kReshape || (one.code == kSoftmax && is_last)) {
            return {};
        }
        auto step = one.code == kMean ? mean_step(one)
                    : one.code == kAveragePool2d || one.code == kMaxPool2d
                        ? pool_step(one)
                        : layer_step(one, static_cast<std::uint32_t>(index));
        if (!step) {
            return tl::unexpected(step.error());
        }
        if (step->input.size() != size_ || step->output.size() == 0) {
            return no_chain("operator " + operator_name(one.code) + " has shapes that do not fit");
        }
        size_ = step->output.size();
        chain_.steps.push_back(std::move(*step));
        return {};
    }

    Result<ChainStep> with_activation(ChainStep step, const GraphOperator& one,
                                      std::uint16_t field) const {
        const auto activation = activation_of(option(one, field));
        if (!activation) {
            return no_chain("the activation of " + operator_name(one.code));
        }
        step.activation = *activation;
        return step;
    }

    /// The mean over height and width: pooling with a window as large as the image.
    Result<ChainStep> mean_step(const GraphOperator& one) const {
        ChainStep step;
        step.kind = StepKind::kAveragePool;
        step.input = frame_of(shape(one.inputs[0]));
        step.output.channels = step.input.channels;
        step.window.height = step.input.height;
        step.window.width = step.input.width;
        const auto& axes = one.inputs.size() < 2 || one.inputs[1] < 0
                               ? base::Bytes{}
                               : graph_.tensors[static_cast<std::size_t>(one.inputs[1])].data;
        const std::int32_t image[] = {1, 2};
        if (shape(one.inputs[0]).size() != 4 || axes.size() != sizeof image ||
            std::memcmp(axes.data(), image, sizeof image) != 0) {
            return no_chain("a MEAN over other axes than height and width");
        }
        return step;
    }

    Result<ChainStep> pool_step(const GraphOperator& one) const {
        ChainStep step;
        step.kind = one.code == kMaxPool2d ? StepKind::kMaxPool : StepKind::kAveragePool;
        step.input = frame_of(shape(one.inputs[0]));
        step.output = frame_of(shape(one.outputs[0]));
        step.window.stride_width = std::max(option(one, 1), 1U);
        step.window.stride_height = std::max(option(one, 2), 1U);
        step.window.width = std::max(option(one, 3), 1U);
        step.window.height = std::max(option(one, 4), 1U);
        if (step.input.channels != step.output.channels) {
            return no_chain("a pooling over channels");
        }
        if (option(one, 0) == 0) {
            pad(step);
        }
        return with_activation(std::move(step), one, 5);
    }

    Result<ChainStep> layer_step(const GraphOperator& one, std::uint32_t index) const {
        const auto found = layers_.find(index);
        if (found == layers_.end()) {
            return no_chain("operator " + operator_name(one.code));
        }
        const Layer& layer = *found->second;
        if (!layer.obstacle.empty() || layer.weights_type != kFloat32) {
            return no_chain("layer " + layer.name + " is no float32 layer of its own");
        }
        LayerValues values = read_values(file_, layer);
        ChainStep step;
        step.weights = std::move(values.weights);
        step.bias = std::move(values.bias);
        if (layer.kind == LayerKind::kDense) {
            step.input.channels = layer.columns;
            step.output.channels = layer.rows;
            return with_activation(std::move(step), one, 0);
        }
        return slide(std::move(step), layer, one);
    }

    Result<ChainStep> slide(ChainStep step, const Layer& layer, const GraphOperator& one) const {
        step.input = frame_of(layer.input_shape);
        step.output = frame_of(layer.output_shape);
        step.window = {layer.window.height,
                       layer.window.width,
                       layer.window.stride_height,
                       layer.window.stride_width,
                       layer.window.dilation_height,
                       layer.window.dilation_width,
                       0,
                       0};
        const bool is_depthwise = layer.kind == LayerKind::kDepthwise;
        // With one channel to look at a depthwise convolution is a convolution.
        step.kind =
            is_depthwise && step.input.channels > 1 ? StepKind::kDepthwise : StepKind::kConvolution;
        if (layer.input_shape[0] != 1 || step.output.channels != layer.rows ||
            (step.kind == StepKind::kDepthwise && step.input.channels != layer.rows)) {
            return no_chain("a depthwise convolution with several outputs for a channel");
        }
        if (layer.window.is_same_padding) {
            pad(step);
        }
        return with_activation(std::move(step), one, is_depthwise ? 4 : 3);
    }

    base::ByteView file_;
    const Graph& graph_;
    std::map<std::uint32_t, const Layer*> layers_;
    Chain chain_;
    std::int32_t value_ = 0;
    std::size_t size_ = 0;
};

}  // namespace

Result<Chain> chain_of_file(base::ByteView file) {
    const auto graph = read_graph(file);
    if (!graph) {
        return tl::unexpected(graph.error());
    }
    const auto layers = read_layers(file);
    if (!layers) {
        return tl::unexpected(layers.error());
    }
    return ChainReader(file, *graph, *layers).read();
}

void write_chain(base::Bytes& file, const Chain& chain) {
    const auto layers = read_layers(file);
    FRUGAL_ASSERT(layers.has_value());
    std::size_t next = 0;
    for (const ChainStep& step : chain.steps) {
        if (step.has_weights()) {
            write_floats(file, layers->at(next++), {step.weights, {}, step.bias});
        }
    }
    FRUGAL_ASSERT(next == layers->size());
}

}  // namespace frugal::model
