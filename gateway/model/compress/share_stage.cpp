// SPDX-License-Identifier: Apache-2.0
#include "model/compress/share_stage.hpp"

#include <algorithm>
#include <cmath>

#include "model/compress/density.hpp"
#include "model/compress/grid.hpp"
#include "model/compress/layer_values.hpp"
#include "model/compress/layer_walk.hpp"
#include "model/compress/numeric.hpp"
#include "model/compress/share.hpp"
#include "model/tflite/schema.hpp"

namespace frugal::model {

using base::Result;

namespace {

Matrix on_centroids(const Matrix& weights, int bits) {
    return shared_weights(weights, share_weights(weights, std::size_t{1} << bits));
}

/// The int8 numbers of the layer, shared: rows with scales of their own then share them too.
std::vector<std::int8_t> shared_levels(base::ByteView file, const Layer& layer, int bits) {
    std::vector<std::int8_t> levels = read_levels(file, layer);
    Matrix numbers(layer.rows, layer.columns);
    std::copy(levels.begin(), levels.end(), numbers.values.begin());
    const Matrix shared = on_centroids(numbers, bits);
    std::transform(shared.values.begin(), shared.values.end(), levels.begin(),
                   [](float level) { return static_cast<std::int8_t>(std::nearbyint(level)); });
    return levels;
}

double snr_of(const Matrix& before, const Matrix& now, const std::vector<Curvature>& curvatures) {
    const std::size_t rows = before.rows / curvatures.size();
    double signal = 0;
    double distortion = 0;
    for (std::size_t group = 0; group < curvatures.size(); ++group) {
        const auto part = [&](const Matrix& whole) {
            Matrix some(rows, whole.columns);
            std::copy_n(whole.row(group * rows).begin(), some.values.size(), some.values.begin());
            return some;
        };
        const std::vector<double> hessian = curvatures[group].hessian(0);
        signal += output_error(part(before), Matrix(rows, before.columns), hessian);
        distortion += output_error(part(before), part(now), hessian);
    }
    return snr_db(signal, distortion);
}

Result<LayerReport> share_one(LayerWalk& walk, std::size_t index, const ShareOptions& options) {
    const Layer layer = walk.layers()[index];
    LayerReport report = begin_report(layer);
    if (!layer.obstacle.empty()) {
        return report;
    }
    const auto curvatures = walk.curvatures(layer);
    if (!curvatures) {
        return tl::unexpected(curvatures.error());
    }
    const int bits = layer.kind == LayerKind::kDepthwise ? options.depthwise_bits : options.bits;
    const LayerValues before = read_values(walk.file(), layer);
    if (layer.weights_type == kInt8) {
        write_weights(walk.file(), layer, shared_levels(walk.file(), layer, bits));
    } else {
        LayerValues values = before;
        values.weights = on_centroids(before.weights, bits);
        write_floats(walk.file(), layer, values);
    }
    const Matrix now = read_values(walk.file(), layer).weights;
    report.weights = now.values.size();
    report.density = density_of(now.values);
    report.snr_db = snr_of(before.weights, now, *curvatures);
    return report;
}

}  // namespace

Result<std::vector<LayerReport>> share_stage(Work& work, const ShareOptions& options) {
    return rewrite_layers(
        work, [&](LayerWalk& walk, std::size_t index) { return share_one(walk, index, options); });
}

}  // namespace frugal::model
