// SPDX-License-Identifier: Apache-2.0
// Walks a model's layers in the order they run, the original beside the one being compressed, and
// hands out the curvature of each layer as its inputs now are. Owned by a stage, one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "model/compress/curvature.hpp"
#include "model/compress/layer_report.hpp"
#include "model/compress/replay.hpp"
#include "model/compress/work.hpp"
#include "model/tflite/layers.hpp"

namespace frugal::model {

/// Memory of the curvatures of one layer: 8,192 inputs of a dense layer.
inline constexpr std::uint64_t kCurvatureBytesMax = 1ULL << 30;

class LayerWalk {
public:
    /// The original and the file being rewritten must have the same operators. Errors as
    /// Replay::open() and read_layers().
    static base::Result<LayerWalk> start(const Work& work);

    /// The layers of the file being rewritten, and the same ones in the original.
    const std::vector<Layer>& layers() const { return layers_; }
    const std::vector<Layer>& original_layers() const { return original_layers_; }

    /// Runs up to the layer and sums up its inputs: one curvature for each channel group. kLimit if
    /// they would exceed kCurvatureBytesMax, which is found out before anything is run.
    base::Result<std::vector<Curvature>> curvatures(const Layer& layer);

    /// The file being rewritten: the layer asked for last may be changed.
    base::Bytes& file() { return current_.file(); }
    base::ByteView original() { return original_.file(); }

private:
    LayerWalk(Replay original, Replay current)
        : original_(std::move(original)), current_(std::move(current)) {}

    base::Result<void> gather(const Layer& layer, std::vector<Curvature>& curvatures);

    Replay original_;
    Replay current_;
    std::vector<Layer> layers_;
    std::vector<Layer> original_layers_;
};

/// A report that names the layer, and why it is left alone if it must be.
LayerReport begin_report(const Layer& layer);

/// A whole stage: `rewrite` is given each layer's index, in order, and changes walk.file(). Takes
/// the file over into `work` unless a layer failed, which the error names.
base::Result<std::vector<LayerReport>> rewrite_layers(
    Work& work,
    const std::function<base::Result<LayerReport>(LayerWalk& walk, std::size_t index)>& rewrite);

}  // namespace frugal::model
