// SPDX-License-Identifier: Apache-2.0
#include "model/compress/layer_walk.hpp"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "model/compress/layer_inputs.hpp"

namespace frugal::model {

using base::Result;

namespace {

constexpr std::size_t kRowsMax = 65536;  // positions of one group a curvature is made of
constexpr std::size_t kBatchRows = 512;  // rows multiplied at once
constexpr std::uint64_t kMomentBytes = 2 * sizeof(double);  // of two inputs of a layer

/// What fits is what the stages can copy a few times.
Result<void> check_size(const Layer& layer) {
    const std::uint64_t most = kCurvatureBytesMax / kMomentBytes / group_count(layer);
    if (layer.columns == 0 || layer.columns <= most / layer.columns) {
        return {};
    }
    const std::size_t groups = group_count(layer);
    return base::fail(
        base::ErrorKind::kLimit,
        fmt::format("calibration: {} inputs{} are too many to weigh against each other",
                    layer.columns, groups > 1 ? fmt::format(" in each of {} groups", groups) : ""),
        fmt::format("{} bytes for each pair of them would exceed the limit of {} MiB", kMomentBytes,
                    kCurvatureBytesMax >> 20),
        "Leave out the stages prune, regrid, share and delta, or split the layer.");
}

/// Collects rows of both models until a batch is full.
class Batch {
public:
    explicit Batch(Curvature& curvature) : curvature_(curvature) {}

    void add(const Matrix& original, const Matrix& current) {
        append(original_, original);
        append(current_, current);
        if (original_.rows >= kBatchRows) {
            flush();
        }
    }

    void flush() {
        if (original_.rows > 0) {
            curvature_.add(original_, current_);
        }
        original_ = {};
        current_ = {};
    }

private:
    static void append(Matrix& whole, const Matrix& part) {
        whole.columns = part.columns;
        whole.rows += part.rows;
        whole.values.insert(whole.values.end(), part.values.begin(), part.values.end());
    }

    Curvature& curvature_;
    Matrix original_;
    Matrix current_;
};

}  // namespace

Result<LayerWalk> LayerWalk::start(const Work& work) {
    if (work.inputs.empty()) {
        return base::fail(base::ErrorKind::kInvalidInput, "calibration: there are no inputs", {},
                          "Give at least one file of input bytes.");
    }
    auto original =
        Replay::open(work.original, work.calibration_of(work.original_inputs), work.operators);
    auto current = original
                       ? Replay::open(work.file, work.calibration_of(work.inputs), work.operators)
                       : Result<Replay>(tl::unexpected(original.error()));
    if (!current) {
        return tl::unexpected(current.error());
    }
    LayerWalk walk(std::move(*original), std::move(*current));
    auto before = read_layers(work.original);
    auto now = read_layers(work.file);
    if (!before || !now || before->size() != now->size()) {
        return base::fail(base::ErrorKind::kInternal, "calibration: the layers do not correspond");
    }
    walk.original_layers_ = std::move(*before);
    walk.layers_ = std::move(*now);
    return walk;
}

Result<void> LayerWalk::gather(const Layer& layer, std::vector<Curvature>& curvatures) {
    std::vector<Batch> batches(curvatures.begin(), curvatures.end());
    const std::size_t positions = position_count(layer) * current_.size();
    const std::size_t every = std::max<std::size_t>(1, positions / kRowsMax);
    std::vector<float> before;
    std::vector<float> now;
    for (std::size_t input = 0; input < current_.size(); ++input) {
        auto read = original_.read(input, layer.input, before);
        read = read ? current_.read(input, layer.input, now) : read;
        if (!read) {
            return read;
        }
        for (std::size_t group = 0; group < curvatures.size(); ++group) {
            batches[group].add(lay_out(layer, before, group, every),
                               lay_out(layer, now, group, every));
        }
    }
    for (Batch& batch : batches) {
        batch.flush();
    }
    return {};
}

Result<std::vector<Curvature>> LayerWalk::curvatures(const Layer& layer) {
    if (auto fits = check_size(layer); !fits) {
        return tl::unexpected(fits.error());
    }
    auto ready = original_.advance(layer.operator_index);
    ready = ready ? current_.advance(layer.operator_index) : ready;
    if (!ready) {
        return tl::unexpected(ready.error());
    }
    std::vector<Curvature> curvatures;
    curvatures.reserve(group_count(layer));
    for (std::size_t group = 0; group < group_count(layer); ++group) {
        curvatures.emplace_back(layer.columns);  // in place: a copy can be hundreds of MB
    }
    ready = gather(layer, curvatures);
    if (!ready) {
        return tl::unexpected(ready.error());
    }
    return curvatures;
}

LayerReport begin_report(const Layer& layer) {
    LayerReport report;
    report.name = layer.name;
    report.kind = to_string(layer.kind);
    report.note = layer.obstacle;
    return report;
}

Result<std::vector<LayerReport>> rewrite_layers(
    Work& work,
    const std::function<Result<LayerReport>(LayerWalk& walk, std::size_t index)>& rewrite) {
    auto walk = LayerWalk::start(work);
    if (!walk) {
        return tl::unexpected(walk.error());
    }
    std::vector<LayerReport> reports;
    for (std::size_t index = 0; index < walk->layers().size(); ++index) {
        auto report = rewrite(*walk, index);
        if (!report) {
            return base::fail(report.error(), "layer " + walk->layers()[index].name);
        }
        reports.push_back(std::move(*report));
    }
    work.file = std::move(walk->file());
    return reports;
}

}  // namespace frugal::model
