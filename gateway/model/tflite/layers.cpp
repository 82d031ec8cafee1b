// SPDX-License-Identifier: Apache-2.0
#include "model/tflite/layers.hpp"

#include <algorithm>
#include <map>

#include "model/tflite/schema.hpp"
#include "model/tflite/structure.hpp"
#include "model/tflite/table_view.hpp"

namespace frugal::model {

namespace {

using base::Result;

std::uint32_t positive(std::int32_t value) {
    return value > 0 ? static_cast<std::uint32_t>(value) : 1;
}

class Reader {
public:
    Reader(const flat::Model& model, base::ByteView file)
        : model_(model), subgraph_(*model.subgraphs()->Get(0)), file_(file) {
        count_uses();
    }

    std::vector<Layer> read() {
        std::vector<Layer> layers;
        const auto* operators = subgraph_.operators();
        for (std::uint32_t i = 0; operators != nullptr && i < operators->size(); ++i) {
            const flat::Operator& one = *operators->Get(i);
            const auto code = operator_code(*model_.operator_codes()->Get(one.opcode_index()));
            const bool owns_weights =
                code == kConv2d || code == kDepthwiseConv2d || code == kFullyConnected;
            if (owns_weights && one.inputs() != nullptr && one.inputs()->size() >= 2 &&
                one.inputs()->Get(0) >= 0 && one.inputs()->Get(1) >= 0 &&
                one.outputs() != nullptr && one.outputs()->size() == 1) {
                layers.push_back(read_layer(one, code, i));
            }
        }
        return layers;
    }

private:
    const flat::Tensor& tensor(std::int32_t index) const {
        return *subgraph_.tensors()->Get(static_cast<std::uint32_t>(index));
    }

    const flatbuffers::Vector<float>* scales_of(const flat::Tensor& tensor) const {
        return tensor.quantization() == nullptr ? nullptr : tensor.quantization()->scale();
    }

    ByteRange range_of(const std::uint8_t* data, std::uint64_t size) const {
        return {static_cast<std::uint64_t>(data - file_.data()), size};
    }

    ByteRange scale_range(const flat::Tensor& tensor) const {
        const auto* scales = scales_of(tensor);
        return scales == nullptr ? ByteRange{}
                                 : range_of(scales->Data(), std::uint64_t{4} * scales->size());
    }

    /// Buffers and scale vectors by their place: what two tensors share must not be rewritten for
    /// the sake of one.
    void count_uses() {
        for (std::uint32_t i = 0; i < subgraph_.tensors()->size(); ++i) {
            const flat::Tensor& one = *subgraph_.tensors()->Get(i);
            if (const auto* data = tensor_data(model_, one)) {
                ++uses_[data->data()];
            }
            if (const auto* scales = scales_of(one)) {
                ++uses_[scales->Data()];
            }
        }
        const auto* operators = subgraph_.operators();
        for (std::uint32_t i = 0; operators != nullptr && i < operators->size(); ++i) {
            const auto* inputs = operators->Get(i)->inputs();
            for (std::uint32_t port = 0; inputs != nullptr && port < inputs->size(); ++port) {
                ++readers_[inputs->Get(port)];
            }
        }
    }

    bool is_shared(std::int32_t index) const {
        const flat::Tensor& one = tensor(index);
        const auto* data = tensor_data(model_, one);
        const auto* scales = scales_of(one);
        return readers_.at(index) > 1 || (data != nullptr && uses_.at(data->data()) > 1) ||
               (scales != nullptr && uses_.at(scales->Data()) > 1);
    }

    Layer read_layer(const flat::Operator& one, std::int32_t code, std::uint32_t index) const {
        const std::int32_t weights = one.inputs()->Get(1);
        Layer layer;
        layer.kind = code == kConv2d            ? LayerKind::kConvolution
                     : code == kDepthwiseConv2d ? LayerKind::kDepthwise
                                                : LayerKind::kDense;
        layer.operator_index = index;
        layer.input = static_cast<std::uint32_t>(one.inputs()->Get(0));
        layer.output = static_cast<std::uint32_t>(one.outputs()->Get(0));
        layer.input_shape = values_of(tensor(one.inputs()->Get(0)).shape());
        layer.output_shape = values_of(tensor(one.outputs()->Get(0)).shape());
        layer.weights_tensor = static_cast<std::uint32_t>(weights);
        layer.weights_type = tensor(weights).type();
        const auto* name = tensor(weights).name();
        layer.name = name == nullptr || name->size() == 0
                         ? describe_tensor(subgraph_, layer.weights_tensor)
                         : name->str();
        if (const auto* scales = scales_of(tensor(one.inputs()->Get(0)))) {
            layer.input_scale = scales->size() == 1 ? scales->Get(0) : 0.0F;
        }
        read_window(one, layer);
        read_weights(weights, layer);
        if (one.inputs()->size() >= 3 && one.inputs()->Get(2) >= 0) {
            read_bias(one.inputs()->Get(2), layer);
        }
        check_sizes(layer);
        return layer;
    }

    /// What others may rely on: every vector has one value or one for each row.
    static void check_sizes(Layer& layer) {
        const std::uint64_t element = layer.weights_type == kInt8 ? 1 : 4;
        const auto fits = [&](const ByteRange& range) {
            return range.size == 4 || range.size == 4 * std::uint64_t{layer.rows};
        };
        const bool is_empty = std::any_of(layer.output_shape.begin(), layer.output_shape.end(),
                                          [](std::int32_t length) { return length <= 0; });
        const bool is_whole =
            layer.rows != 0 && layer.columns != 0 && !is_empty &&
            layer.weights.size == element * layer.rows * layer.columns &&
            (layer.weight_scales.size == 0 || fits(layer.weight_scales)) &&
            (!layer.bias || layer.bias->size == 4 * std::uint64_t{layer.rows}) &&
            (!layer.bias_scales || layer.bias_scales->size == 0 || fits(*layer.bias_scales));
        if (!is_whole && layer.obstacle.empty()) {
            layer.obstacle = "its sizes do not fit each other";
        }
    }

    void read_window(const flat::Operator& one, Layer& layer) const {
        if (layer.kind == LayerKind::kDense) {
            return;
        }
        const flat::Opaque* table = one.builtin_options();
        if (table == nullptr) {
            layer.window.is_same_padding = true;
            return;
        }
        const TableView options(file_, table);
        const auto step = [&](std::uint32_t field) {
            return positive(options.number<std::int32_t>(field, 1));
        };
        const std::uint32_t dilation = layer.kind == LayerKind::kDepthwise ? 5 : 4;
        layer.window.is_same_padding = options.number<std::int8_t>(0, 0) == 0;
        layer.window.stride_width = step(1);
        layer.window.stride_height = step(2);
        layer.window.dilation_width = step(dilation);
        layer.window.dilation_height = step(dilation + 1);
    }

    void read_weights(std::int32_t index, Layer& layer) const {
        const flat::Tensor& weights = tensor(index);
        const auto shape = values_of(weights.shape());
        const auto* data = tensor_data(model_, weights);
        const std::size_t rank = layer.kind == LayerKind::kDense ? 2 : 4;
        if (data == nullptr || shape.size() != rank || weights.sparsity() != nullptr ||
            (weights.type() != kInt8 && weights.type() != kFloat32)) {
            layer.obstacle = "its weights are no dense int8 or float32 constant";
            return;
        }
        layer.weights = range_of(data->data(), data->size());
        layer.weight_scales = scale_range(weights);
        if (is_shared(index)) {
            layer.obstacle = "its weights are shared with another layer";
        }
        const auto at = [&](std::size_t axis) { return static_cast<std::uint32_t>(shape[axis]); };
        const bool is_depthwise = layer.kind == LayerKind::kDepthwise;
        layer.rows = is_depthwise ? at(3) : at(0);
        layer.columns = rank == 2 ? at(1) : is_depthwise ? at(1) * at(2) : at(1) * at(2) * at(3);
        if (rank == 4) {
            layer.window.height = at(1);
            layer.window.width = at(2);
        }
        check_input(layer, is_depthwise ? 0 : at(rank - 1));
    }

    /// A convolution reads all channels of its input, a depthwise one a multiple: groups are not
    /// handled.
    static void check_input(Layer& layer, std::uint32_t channels) {
        if (layer.kind == LayerKind::kDense) {
            return;
        }
        const auto input =
            layer.input_shape.size() == 4 ? static_cast<std::uint32_t>(layer.input_shape[3]) : 0;
        const bool fits = layer.kind == LayerKind::kDepthwise
                              ? input != 0 && layer.rows % input == 0
                              : input == channels;
        if (!fits || layer.output_shape.size() != 4) {
            layer.obstacle = "it is a grouped convolution";
        }
    }

    void read_bias(std::int32_t index, Layer& layer) const {
        const flat::Tensor& bias = tensor(index);
        const auto* data = tensor_data(model_, bias);
        if (data == nullptr) {
            layer.obstacle = "its bias is no constant";
            return;
        }
        layer.bias = range_of(data->data(), data->size());
        layer.bias_scales = scale_range(bias);
        if (is_shared(index)) {
            layer.obstacle = "its bias is shared with another layer";
        }
    }

    const flat::Model& model_;
    const flat::SubGraph& subgraph_;
    base::ByteView file_;
    std::map<const void*, std::uint32_t> uses_;
    std::map<std::int32_t, std::uint32_t> readers_;
};

}  // namespace

std::string_view to_string(LayerKind kind) {
    switch (kind) {
        case LayerKind::kConvolution:
            return "convolution";
        case LayerKind::kDepthwise:
            return "depthwise";
        default:
            return "dense";
    }
}

std::size_t padding_before(std::size_t input, std::size_t output, std::size_t stride,
                           std::size_t reach) {
    const std::size_t needed = output == 0 ? 0 : (output - 1) * stride + reach;
    return needed > input ? (needed - input) / 2 : 0;
}

Result<std::vector<Layer>> read_layers(base::ByteView file) {
    const auto model = check_structure(file);
    if (!model) {
        return tl::unexpected(model.error());
    }
    return Reader(**model, model->bytes()).read();
}

}  // namespace frugal::model
