// SPDX-License-Identifier: Apache-2.0
#include "model/compress/prune_stage.hpp"

#include <algorithm>
#include <cmath>

#include "model/compress/density.hpp"
#include "model/compress/grid.hpp"
#include "model/compress/layer_values.hpp"
#include "model/compress/layer_walk.hpp"
#include "model/compress/numeric.hpp"
#include "model/compress/prune.hpp"
#include "model/tflite/schema.hpp"

namespace frugal::model {

using base::Result;

namespace {

PruneMethod method_of(const std::string& name) {
    return name == "obc"   ? PruneMethod::kObc
           : name == "obd" ? PruneMethod::kObd
                           : PruneMethod::kMagnitude;
}

/// Keeps the grid of an int8 layer: what is left of a weight goes to its nearest level.
void write_pruned(base::Bytes& file, const Layer& layer, LayerValues values) {
    if (layer.weights_type != kInt8) {
        write_floats(file, layer, values);
        return;
    }
    std::vector<std::int8_t> levels(values.weights.values.size());
    for (std::size_t i = 0; i < levels.size(); ++i) {
        const float scale = values.scales[i / values.weights.columns];
        const float level = scale > 0 ? std::nearbyint(values.weights.values[i] / scale) : 0.0F;
        levels[i] = static_cast<std::int8_t>(std::clamp(level, -127.0F, 127.0F));
    }
    write_weights(file, layer, levels);
    write_scales(file, layer, values.scales, values.bias);
}

class LayerPruner {
public:
    LayerPruner(const Layer& layer, LayerValues values, const PruneOptions& options)
        : layer_(layer), values_(std::move(values)), options_(options) {
        density_ =
            layer.kind == LayerKind::kDepthwise ? options.depthwise_density : options.density;
    }

    void prune(std::size_t first, std::size_t count, const Curvature& curvature) {
        Matrix rows(count, layer_.columns);
        std::copy_n(values_.weights.row(first).begin(), rows.values.size(), rows.values.begin());
        const std::vector<double> hessian = curvature.hessian(options_.damping);
        const Matrix pruned = prune_layer(rows, hessian, method_of(options_.method), density_);
        std::copy(pruned.values.begin(), pruned.values.end(), values_.weights.row(first).begin());
        distortion_ += output_error(rows, pruned, hessian);
        signal_ += output_error(rows, Matrix(count, layer_.columns), hessian);
        if (options_.method == "obc") {
            correct_bias(first, rows, pruned, curvature);
        }
    }

    const LayerValues& values() const { return values_; }

    LayerReport report() const {
        LayerReport report = begin_report(layer_);
        report.weights = values_.weights.values.size();
        report.density = density_of(values_.weights.values);
        report.snr_db = snr_db(signal_, distortion_);
        return report;
    }

private:
    void correct_bias(std::size_t first, const Matrix& rows, const Matrix& pruned,
                      const Curvature& curvature) {
        const std::vector<double> before = curvature.mean_original();
        const std::vector<double> now = curvature.mean_compressed();
        for (std::size_t row = 0; row < rows.rows && !values_.bias.empty(); ++row) {
            const auto weight = [row](const Matrix& weights) {
                return [&weights, row](std::size_t column) {
                    return static_cast<double>(weights.at(row, column));
                };
            };
            values_.bias[first + row] +=
                static_cast<float>(bias_shift(before, now, weight(rows), weight(pruned)));
        }
    }

    const Layer& layer_;
    LayerValues values_;
    const PruneOptions& options_;
    double density_ = 1;
    double distortion_ = 0;
    double signal_ = 0;
};

Result<LayerReport> prune_one(LayerWalk& walk, std::size_t index, const PruneOptions& options) {
    const Layer layer = walk.layers()[index];
    const bool is_int8 = layer.weights_type == kInt8;
    if (!layer.obstacle.empty() || (is_int8 && layer.input_scale <= 0)) {
        LayerReport report = begin_report(layer);
        if (report.note.empty()) {
            report.note = "its input is not quantized";
        }
        return report;
    }
    const auto curvatures = walk.curvatures(layer);
    if (!curvatures) {
        return tl::unexpected(curvatures.error());
    }
    LayerPruner pruner(layer, read_values(walk.file(), layer), options);
    const std::size_t rows = layer.rows / curvatures->size();
    for (std::size_t group = 0; group < curvatures->size(); ++group) {
        pruner.prune(group * rows, rows, (*curvatures)[group]);
    }
    write_pruned(walk.file(), layer, pruner.values());
    return pruner.report();
}

}  // namespace

Result<std::vector<LayerReport>> prune_stage(Work& work, const PruneOptions& options) {
    return rewrite_layers(
        work, [&](LayerWalk& walk, std::size_t index) { return prune_one(walk, index, options); });
}

}  // namespace frugal::model
