// SPDX-License-Identifier: Apache-2.0
#include "model/compress/delta_stage.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

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

constexpr double kScaleBits = 20;  // a scale that does not follow the base's

/// The integers of a layer, and what one of them is worth in each row.
struct Levels {
    std::vector<std::int8_t> weights;
    std::vector<std::int32_t> bias;
    std::vector<float> scales;       ///< of the weights
    std::vector<double> bias_steps;  ///< one a row
};

Levels read(base::ByteView file, const Layer& layer) {
    Levels levels{read_levels(file, layer),
                  read_bias_levels(file, layer),
                  read_values(file, layer).scales,
                  {}};
    for (const float scale : levels.scales) {
        levels.bias_steps.push_back(static_cast<double>(layer.input_scale * scale));
    }
    return levels;
}

bool has_one_scale(const Layer& layer) {
    return layer.weight_scales.size == sizeof(float);
}

/// Rows that see the same inputs.
struct Group {
    std::size_t first = 0;
    Matrix weights;  ///< real, of the model as it came
    Matrix target;   ///< that would make up for what was lost in the layers before
    std::vector<double> hessian;
    std::vector<double> mean_before;
    std::vector<double> mean_now;
};

/// What the rows should become. Without a price that is what they are; inputs that are always 0 ask
/// for nothing but the base's weights.
Matrix target_of(const Matrix& weights, const Matrix& base, const Curvature& curvature,
                 const DeltaOptions& options) {
    if (options.lambda == 0) {
        return weights;
    }
    Matrix target =
        options.correction == 0 ? weights : curvature.corrected(weights, options.correction);
    const std::vector<double> energies = curvature.energies();
    for (std::size_t row = 0; row < target.rows; ++row) {
        for (std::size_t column = 0; column < target.columns; ++column) {
            if (energies[column] == 0) {
                target.at(row, column) = base.at(row, column);
            }
        }
    }
    return target;
}

/// Both ways to write the rows of a group.
struct Ways {
    Gridded kept;  ///< with the base's scales
    Gridded own;   ///< with the model's
};

/// Brings one layer as near to the base's as lambda allows.
class LayerDelta {
public:
    LayerDelta(const Layer& layer, const Layer& base_layer, Levels now, Levels base)
        : layer_(layer),
          now_(std::move(now)),
          base_(std::move(base)),
          result_(now_),
          is_kept_(layer.rows, false),
          can_keep_(!has_one_scale(layer) || has_one_scale(base_layer)) {}

    void fit(const std::vector<Curvature>& curvatures, const Matrix& weights,
             const DeltaOptions& options) {
        make_groups(curvatures, weights, options);
        price_ = options.lambda * power() / static_cast<double>(layer_.rows);
        std::vector<Ways> ways;
        for (const Group& group : groups_) {
            ways.push_back({can_keep_ ? fit_group(group, base_.scales, options) : Gridded{},
                            fit_group(group, now_.scales, options)});
        }
        choose(ways);
        for (const Group& group : groups_) {
            fit_bias(group);
        }
    }

    void write(base::Bytes& file) const {
        write_weights(file, layer_, result_.weights);
        write_bias_levels(file, layer_, result_.bias);
        for (std::size_t row = 0; row < layer_.rows; ++row) {
            // A scale that stays keeps its bytes, however its bias scale was rounded.
            if (result_.scales[row] != now_.scales[row]) {
                write_scale(file, layer_, row, result_.scales[row]);
            }
        }
    }

    LayerReport report() const {
        LayerReport report = begin_report(layer_);
        const std::size_t count = result_.weights.size();
        std::size_t same = 0;
        for (std::size_t i = 0; i < count; ++i) {
            same += result_.weights[i] == base_.weights[i] ? 1 : 0;
        }
        report.weights = count;
        report.density = 1 - static_cast<double>(same) / static_cast<double>(count);
        report.bits_per_weight = bits_ / static_cast<double>(count);
        report.snr_db = snr_db(power(), distortion());
        return report;
    }

private:
    void make_groups(const std::vector<Curvature>& curvatures, const Matrix& weights,
                     const DeltaOptions& options) {
        const std::size_t rows = layer_.rows / curvatures.size();
        for (std::size_t i = 0; i < curvatures.size(); ++i) {
            const Curvature& curvature = curvatures[i];
            const Matrix own = weights.rows_from(i * rows, rows);
            groups_.push_back({i * rows, own,
                               target_of(own, base_weights(i * rows, rows), curvature, options),
                               curvature.hessian(options.damping), curvature.mean_original(),
                               curvature.mean_compressed()});
        }
    }

    Matrix base_weights(std::size_t first, std::size_t count) const {
        Matrix rows(count, layer_.columns);
        for (std::size_t i = 0; i < rows.values.size(); ++i) {
            const std::size_t at = first * layer_.columns + i;
            rows.values[i] = base_.scales[at / layer_.columns] * base_.weights[at];
        }
        return rows;
    }

    double power() const {
        double power = 0;
        for (const Group& group : groups_) {
            power += output_error(group.weights, Matrix(group.weights.rows, layer_.columns),
                                  group.hessian);
        }
        return power;
    }

    double distortion() const {
        double sum = 0;
        for (const Group& group : groups_) {
            Matrix written(group.weights.rows, layer_.columns);
            for (std::size_t i = 0; i < written.values.size(); ++i) {
                const std::size_t at = group.first * layer_.columns + i;
                written.values[i] = result_.scales[at / layer_.columns] * result_.weights[at];
            }
            sum += output_error(group.weights, written, group.hessian);
        }
        return sum;
    }

    Gridded fit_group(const Group& group, const std::vector<float>& scales,
                      const DeltaOptions& options) const {
        GridOptions grid;
        grid.passes = options.passes;
        grid.sweeps = options.sweeps;
        grid.bit_price = price_;
        const auto first = static_cast<std::ptrdiff_t>(group.first);
        const auto rows = static_cast<std::ptrdiff_t>(group.weights.rows);
        const auto columns = static_cast<std::ptrdiff_t>(layer_.columns);
        grid.row_steps.assign(scales.begin() + first, scales.begin() + first + rows);
        grid.anchor.assign(base_.weights.begin() + first * columns,
                           base_.weights.begin() + (first + rows) * columns);
        return fit_to_grid(group.target, group.hessian, grid);
    }

    /// Each row the cheaper way; all of them the same where they share a scale.
    void choose(const std::vector<Ways>& ways) {
        if (can_keep_) {
            std::vector<double> gains(layer_.rows);
            for (std::size_t i = 0; i < ways.size(); ++i) {
                for (std::size_t row = 0; row < groups_[i].weights.rows; ++row) {
                    gains[groups_[i].first + row] = ways[i].own.row_costs[row] +
                                                    price_ * kScaleBits -
                                                    ways[i].kept.row_costs[row];
                }
            }
            if (has_one_scale(layer_)) {
                double gain = -price_ * kScaleBits * static_cast<double>(layer_.rows - 1);
                for (const double one : gains) {
                    gain += one;
                }
                std::fill(gains.begin(), gains.end(), gain);
            }
            for (std::size_t row = 0; row < layer_.rows; ++row) {
                is_kept_[row] = gains[row] > 0 || base_.scales[row] == now_.scales[row];
            }
        }
        for (std::size_t i = 0; i < ways.size(); ++i) {
            take(groups_[i], ways[i]);
        }
    }

    void take(const Group& group, const Ways& ways) {
        for (std::size_t row = 0; row < group.weights.rows; ++row) {
            const std::size_t at = group.first + row;
            const Gridded& way = is_kept_[at] ? ways.kept : ways.own;
            const auto levels =
                way.levels.begin() + static_cast<std::ptrdiff_t>(row * layer_.columns);
            std::copy_n(levels, layer_.columns,
                        result_.weights.begin() + static_cast<std::ptrdiff_t>(at * layer_.columns));
            bits_ += way.bits / static_cast<double>(group.weights.rows);
            if (is_kept_[at]) {
                result_.scales[at] = base_.scales[at];
                result_.bias_steps[at] = static_cast<double>(layer_.input_scale * base_.scales[at]);
            }
        }
    }

    /// The mean output of a row stays what it was, unless the base's bias is near enough.
    void fit_bias(const Group& group) {
        for (std::size_t row = group.first;
             !result_.bias.empty() && row < group.first + group.weights.rows; ++row) {
            const auto weight = [&](const Levels& levels) {
                return [&levels, row, first = row * layer_.columns](std::size_t column) {
                    return static_cast<double>(levels.scales[row]) * levels.weights[first + column];
                };
            };
            const double shift =
                bias_shift(group.mean_before, group.mean_now, weight(now_), weight(result_));
            result_.bias[row] = bias_level(now_.bias_steps[row] * now_.bias[row] + shift, row);
        }
    }

    std::int32_t bias_level(double wanted, std::size_t row) const {
        constexpr double kLimit = 2147483647.0;
        const double step = result_.bias_steps[row];
        const double level = std::clamp(std::nearbyint(wanted / step), -kLimit, kLimit);
        if (base_.bias.empty()) {
            return static_cast<std::int32_t>(level);
        }
        const double old = std::clamp(
            std::nearbyint(base_.bias_steps[row] * base_.bias[row] / step), -kLimit, kLimit);
        const double lost = (old - level) * step;
        const double bits = level == old ? 0 : 1 + 2 * std::log2(1 + std::abs(level - old));
        return static_cast<std::int32_t>(lost * lost < price_ * bits ? old : level);
    }

    const Layer& layer_;
    const Levels now_;
    const Levels base_;
    Levels result_;
    std::vector<bool> is_kept_;  ///< by row: it has the base's scale
    bool can_keep_;
    double price_ = 0;  ///< of a bit, in the unit of the distortion
    double bits_ = 0;
    std::vector<Group> groups_;
};

/// Why a layer stays as it is, or empty.
std::string obstacle_of(const Layer& layer, const Layer& base) {
    for (const Layer* one : {&layer, &base}) {
        if (!one->obstacle.empty()) {
            return one->obstacle;
        }
        if (one->weights_type != kInt8 || !(one->input_scale > 0) || one->weight_scales.size == 0) {
            return "it is not quantized to int8";
        }
    }
    const bool is_alike =
        layer.kind == base.kind && layer.rows == base.rows && layer.columns == base.columns;
    return is_alike ? "" : "the base's layer has another shape";
}

/// Everything that is divided by: a file from elsewhere may hold anything.
bool has_sound_scales(const Levels& levels) {
    const auto is_sound = [](double scale) { return std::isfinite(scale) && scale > 0; };
    return std::ranges::all_of(levels.scales, is_sound) &&
           std::ranges::all_of(levels.bias_steps, is_sound);
}

/// Whether the weights are nearer to the base's than to nothing: else the base tells nothing.
bool has_in_common(const Levels& now, const Levels& base) {
    double apart = 0;
    double energy = 0;
    for (std::size_t i = 0; i < now.weights.size(); ++i) {
        const int difference = now.weights[i] - base.weights[i];
        apart += difference * difference;
        energy += now.weights[i] * now.weights[i];
    }
    return apart == 0 || apart < energy;
}

Result<LayerReport> delta_layer(LayerWalk& walk, const Layer& layer, const Layer& base_layer,
                                const Work& work, const DeltaOptions& options) {
    LayerReport untouched = begin_report(layer);
    untouched.weights = layer.weights.size;
    untouched.note = obstacle_of(layer, base_layer);
    if (!untouched.note.empty()) {
        return untouched;
    }
    Levels now = read(walk.file(), layer);
    Levels base = read(work.base, base_layer);
    if (!has_sound_scales(now) || !has_sound_scales(base)) {
        untouched.note = "a scale is no positive number";
        return untouched;
    }
    if (!has_in_common(now, base)) {
        untouched.note = "it has nothing in common with the base's";
        return untouched;
    }
    const auto curvatures = walk.curvatures(layer);
    if (!curvatures) {
        return tl::unexpected(curvatures.error());
    }
    LayerDelta delta(layer, base_layer, std::move(now), std::move(base));
    delta.fit(*curvatures, read_values(walk.file(), layer).weights, options);
    delta.write(walk.file());
    return delta.report();
}

}  // namespace

Result<std::vector<LayerReport>> delta_stage(Work& work, const DeltaOptions& options) {
    const auto base_layers = read_layers(work.base);
    const auto layers = read_layers(work.file);
    if (!base_layers || !layers) {
        return fail(base_layers ? layers.error() : base_layers.error(), "base");
    }
    if (base_layers->size() != layers->size()) {
        return fail(ErrorKind::kUnsupported, "delta: the base is another network",
                    "it has " + std::to_string(base_layers->size()) + " layers, the model " +
                        std::to_string(layers->size()),
                    "Give a version of the same network as the base.");
    }
    // What is kept is the output of the model as it came to this stage.
    Work stage = work;
    stage.original = work.file;
    stage.original_inputs = work.inputs;
    bool is_any = false;
    auto reports = rewrite_layers(stage, [&](LayerWalk& walk, std::size_t index) {
        const Layer layer = walk.layers()[index];
        auto report = delta_layer(walk, layer, (*base_layers)[index], work, options);
        is_any = is_any || (report && report->note.empty());
        return report;
    });
    if (!reports) {
        return reports;
    }
    if (!is_any) {
        return fail(ErrorKind::kUnsupported, "delta: the model has no layer it could rewrite",
                    "the stage needs int8 weights that have something in common with the base's",
                    "Use stage \"quantize\" first, give the version the model was trained from "
                    "as the base, or leave the stage out.");
    }
    work.file = std::move(stage.file);
    return reports;
}

}  // namespace frugal::model
