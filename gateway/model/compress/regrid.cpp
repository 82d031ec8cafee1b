// SPDX-License-Identifier: Apache-2.0
#include "model/compress/regrid.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "model/compress/density.hpp"
#include "model/compress/grid.hpp"
#include "model/compress/layer_values.hpp"
#include "model/compress/layer_walk.hpp"
#include "model/compress/numeric.hpp"
#include "model/tflite/schema.hpp"

namespace frugal::model {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

constexpr double kPrunedShare = 0.05;  // zeros beyond this share were made on purpose

float median_of(std::vector<float> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// The step asked for, but never one that would cut the largest weight off.
float choose_step(const LayerValues& values, double factor) {
    float largest = 0;
    for (const float weight : values.weights.values) {
        largest = std::max(largest, std::abs(weight));
    }
    const float wanted = median_of(values.scales) * static_cast<float>(factor);
    return std::max(wanted, largest / 127.0F);
}

/// Sums over the rows of a layer that go into its report.
struct Totals {
    double distortion = 0;
    double signal = 0;
    double bits = 0;
};

/// Puts one layer onto its grid.
class LayerFitter {
public:
    LayerFitter(const Layer& layer, const LayerValues& original, const LayerValues& current,
                const RegridOptions& options)
        : layer_(layer), original_(original), current_(current), options_(options) {
        const bool is_depthwise = layer.kind == LayerKind::kDepthwise;
        grid_.step = static_cast<double>(
            choose_step(current, is_depthwise ? options.depthwise_step : options.step));
        grid_.lambda = is_depthwise ? 0 : options.lambda;
        grid_.passes = options.passes;
        grid_.sweeps = options.sweeps;
        result_.step = static_cast<float>(grid_.step);
        result_.levels.resize(original.weights.values.size());
        bias_ = original.bias;
        const auto& weights = current.weights.values;
        const auto zeros = std::count(weights.begin(), weights.end(), 0.0F);
        is_pruned_ =
            static_cast<double>(zeros) > kPrunedShare * static_cast<double>(weights.size());
        grid_.keep_zeros = is_pruned_;
    }

    /// Rows `first` to `first` + `count` - 1, which all see the inputs of this curvature. Leaves
    /// only its means: the moments of a wide layer are too large to stand beside their factor.
    void fit(std::size_t first, std::size_t count, Curvature& curvature) {
        const Matrix rows = original_.weights.rows_from(first, count);
        // A pruned layer keeps its zeros; what made up for them is in the current weights.
        const Matrix target = is_pruned_ ? current_.weights.rows_from(first, count)
                              : options_.correction > 0
                                  ? curvature.corrected(rows, options_.correction)
                                  : rows;
        const std::vector<double> hessian = curvature.take_hessian(options_.damping);
        const Gridded gridded = fit_to_grid(target, hessian, grid_);
        std::copy(gridded.levels.begin(), gridded.levels.end(),
                  result_.levels.begin() + static_cast<std::ptrdiff_t>(first * layer_.columns));
        correct_bias(first, rows, gridded, curvature);
        totals_.distortion += gridded.distortion;
        totals_.signal += output_error(rows, Matrix(count, layer_.columns), hessian);
        totals_.bits += gridded.bits;
    }

    const LayerLevels& levels() const { return result_; }
    const std::vector<float>& bias() const { return bias_; }

    LayerReport report() const {
        LayerReport report = begin_report(layer_);
        report.weights = result_.levels.size();
        report.step = grid_.step;
        report.density = density_of(result_.levels);
        report.bits_per_weight = totals_.bits / static_cast<double>(report.weights);
        report.snr_db = snr_db(totals_.signal, totals_.distortion);
        return report;
    }

private:
    /// The mean output of a row stays what it was.
    void correct_bias(std::size_t first, const Matrix& rows, const Gridded& gridded,
                      const Curvature& curvature) {
        if (bias_.empty()) {
            return;
        }
        const std::vector<double> before = curvature.mean_original();
        const std::vector<double> now = curvature.mean_compressed();
        for (std::size_t row = 0; row < rows.rows; ++row) {
            const double shift = bias_shift(
                before, now,
                [&](std::size_t column) { return static_cast<double>(rows.at(row, column)); },
                [&](std::size_t column) {
                    return grid_.step * gridded.levels[row * rows.columns + column];
                });
            bias_[first + row] += static_cast<float>(shift);
        }
    }

    const Layer& layer_;
    const LayerValues& original_;
    const LayerValues& current_;
    bool is_pruned_ = false;
    const RegridOptions& options_;
    GridOptions grid_;
    LayerLevels result_;
    std::vector<float> bias_;
    Totals totals_;
};

LayerReport left_alone(const Layer& layer, std::string why) {
    LayerReport report = begin_report(layer);
    report.weights = layer.weights.size;
    report.note = std::move(why);
    return report;
}

Result<LayerReport> regrid_layer(LayerWalk& walk, std::size_t index, const RegridOptions& options) {
    const Layer layer = walk.layers()[index];
    const Layer& before = walk.original_layers()[index];
    if (!layer.obstacle.empty() || !before.obstacle.empty()) {
        return left_alone(layer, layer.obstacle.empty() ? before.obstacle : layer.obstacle);
    }
    if (layer.weights_type != kInt8 || layer.input_scale <= 0 || layer.weight_scales.size == 0) {
        return left_alone(layer, "it is not quantized to int8");
    }
    auto curvatures = walk.curvatures(layer);
    if (!curvatures) {
        return tl::unexpected(curvatures.error());
    }
    const LayerValues original = read_values(walk.original(), before);
    const LayerValues current = read_values(walk.file(), layer);
    LayerFitter fitter(layer, original, current, options);
    const std::size_t rows = layer.rows / curvatures->size();
    for (std::size_t group = 0; group < curvatures->size(); ++group) {
        fitter.fit(group * rows, rows, (*curvatures)[group]);
    }
    write_levels(walk.file(), layer, fitter.levels(), fitter.bias());
    return fitter.report();
}

}  // namespace

Result<std::vector<LayerReport>> regrid(Work& work, const RegridOptions& options) {
    bool is_any = false;
    auto reports = rewrite_layers(work, [&](LayerWalk& walk, std::size_t index) {
        auto report = regrid_layer(walk, index, options);
        is_any = is_any || (report && report->note.empty());
        return report;
    });
    if (!reports) {
        return reports;
    }
    if (!is_any) {
        return fail(ErrorKind::kUnsupported, "regrid: the model has no layer it could rewrite",
                    "the stage needs int8 weights",
                    "Quantize a float32 model to int8 first (stage \"quantize\").");
    }
    return reports;
}

}  // namespace frugal::model
