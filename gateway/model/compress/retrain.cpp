// SPDX-License-Identifier: Apache-2.0
#include "model/compress/retrain.hpp"

#include <algorithm>
#include <cstring>

#include "model/compress/layer_values.hpp"
#include "model/tflite/graph.hpp"
#include "model/tflite/names.hpp"
#include "model/tflite/schema.hpp"

namespace frugal::model {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

tl::unexpected<base::Error> no_chain(const std::string& what) {
    return fail(ErrorKind::kUnsupported, "retrain: " + what,
                "only float32 chains of dense layers with ReLU between them can be trained here",
                "Prune by calibration inputs instead (stage \"prune\").");
}

std::uint32_t activation_of(const GraphOperator& one) {
    for (const GraphOption& option : one.options) {
        if (option.field == 0) {
            return option.bits;
        }
    }
    return 0;
}

/// Each operator reads what the one before wrote; all but the last dense one end in ReLU.
Result<void> check_chain(const Graph& graph) {
    if (graph.inputs.size() != 1 || graph.operators.empty()) {
        return no_chain("the model has several inputs or no operators");
    }
    const bool has_softmax = graph.operators.back().code == kSoftmax;
    const std::size_t dense = graph.operators.size() - (has_softmax ? 1 : 0);
    std::int32_t value = graph.inputs[0];
    for (std::size_t i = 0; i < graph.operators.size(); ++i) {
        const GraphOperator& one = graph.operators[i];
        const bool is_dense = i < dense;
        if (one.code != (is_dense ? kFullyConnected : kSoftmax) || one.inputs.empty() ||
            one.inputs[0] != value || one.outputs.size() != 1) {
            return no_chain("operator " + operator_name(one.code));
        }
        if (is_dense && activation_of(one) != (i + 1 < dense ? kRelu : 0)) {
            return no_chain("an activation other than ReLU between the layers");
        }
        value = one.outputs[0];
    }
    return {};
}

Result<Dataset> dataset_of(const Work& work, std::size_t columns, std::size_t classes) {
    if (work.labels.size() != work.inputs.size()) {
        return fail(ErrorKind::kInvalidInput, "retrain: the calibration inputs have no labels", {},
                    "Give --calibration-labels.");
    }
    Dataset data;
    data.inputs = Matrix(work.inputs.size(), columns);
    for (std::size_t row = 0; row < work.inputs.size(); ++row) {
        if (work.inputs[row].size() != columns * sizeof(float) || work.labels[row] >= classes) {
            return fail(ErrorKind::kInvalidInput,
                        "retrain: an input or a label does not fit the model", {},
                        "See shapes with frugalctl model inspect.");
        }
        std::memcpy(data.inputs.row(row).data(), work.inputs[row].data(), work.inputs[row].size());
        data.labels.push_back(static_cast<std::uint8_t>(work.labels[row]));
    }
    return data;
}

TrainOptions train_options(const RetrainOptions& options, const Network& teacher) {
    TrainOptions training;
    training.epochs = options.epochs;
    training.batch = static_cast<std::size_t>(options.batch);
    training.learning_rate = options.learning_rate;
    training.dropout = options.dropout;
    training.density = options.density;
    training.teacher_share = options.teacher_share;
    training.teacher = options.teacher_share > 0 ? &teacher : nullptr;
    training.seed = static_cast<std::uint64_t>(options.seed);
    return training;
}

}  // namespace

Result<Network> network_of(base::ByteView file) {
    const auto graph = read_graph(file);
    if (!graph) {
        return tl::unexpected(graph.error());
    }
    const auto checked = check_chain(*graph);
    const auto layers =
        checked ? read_layers(file) : Result<std::vector<Layer>>(tl::unexpected(checked.error()));
    if (!layers) {
        return tl::unexpected(layers.error());
    }
    Network network;
    for (const Layer& layer : *layers) {
        if (!layer.obstacle.empty() || layer.weights_type != kFloat32) {
            return no_chain("layer " + layer.name + " is no float32 layer of its own");
        }
        LayerValues values = read_values(file, layer);
        values.bias.resize(layer.rows, 0.0F);
        network.layers.push_back({std::move(values.weights), std::move(values.bias)});
    }
    if (network.layers.size() + 1 < graph->operators.size() || network.layers.empty()) {
        return no_chain("a layer without constant weights");
    }
    return network;
}

Result<void> retrain(Work& work, const RetrainOptions& options,
                     const std::function<void(const TrainProgress&)>& progress) {
    const auto network = network_of(work.file);
    const auto teacher = network ? network_of(work.original) : network;
    if (!teacher) {
        return tl::unexpected(teacher.error());
    }
    const auto data = dataset_of(work, network->layers.front().weights.columns,
                                 network->layers.back().bias.size());
    if (!data) {
        return tl::unexpected(data.error());
    }
    if (data->inputs.rows < static_cast<std::size_t>(options.batch)) {
        return fail(ErrorKind::kInvalidInput, "retrain: fewer inputs than a batch", {},
                    "Give more calibration inputs or a smaller batch.");
    }
    const Network trained = train(*network, *data, train_options(options, *teacher), progress);
    const auto layers = read_layers(work.file);
    for (std::size_t i = 0; i < trained.layers.size(); ++i) {
        write_floats(work.file, layers->at(i),
                     {trained.layers[i].weights, {}, trained.layers[i].bias});
    }
    return {};
}

}  // namespace frugal::model
