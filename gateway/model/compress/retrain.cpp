// SPDX-License-Identifier: Apache-2.0
#include "model/compress/retrain.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "model/compress/chain_file.hpp"
#include "model/compress/density.hpp"
#include "model/compress/dequantize.hpp"
#include "model/compress/layer_values.hpp"
#include "model/compress/layer_walk.hpp"

namespace frugal::model {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kClassesMax = 256;
constexpr double kDensitySlack = 0.005;  // of all weights

Result<Dataset> dataset_of(const Work& work, std::size_t columns, std::size_t classes) {
    if (!work.labels.empty() && work.labels.size() != work.inputs.size()) {
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("retrain: {} labels for {} calibration inputs", work.labels.size(),
                                work.inputs.size()),
                    {}, "Give one label for each input.");
    }
    if (work.labels.empty()) {
        return fail(ErrorKind::kInvalidInput, "retrain: the calibration inputs have no labels", {},
                    "Give --calibration-labels.");
    }
    Dataset data;
    data.inputs = Matrix(work.inputs.size(), columns);
    for (std::size_t row = 0; row < work.inputs.size(); ++row) {
        if (work.inputs[row].size() != columns * sizeof(float) || work.labels[row] >= classes ||
            work.labels[row] >= kClassesMax) {
            return fail(ErrorKind::kInvalidInput,
                        "retrain: an input or a label does not fit the model", {},
                        "See shapes with frugalctl model inspect.");
        }
        std::memcpy(data.inputs.row(row).data(), work.inputs[row].data(), work.inputs[row].size());
        data.labels.push_back(static_cast<std::uint8_t>(work.labels[row]));
    }
    return data;
}

/// What to shift: the shape of the input, or rows of the width given.
Result<Shifting> shifting_of(const Frame& input, const RetrainOptions& options) {
    Shifting shifting{input, options.shift};
    const auto width = static_cast<std::size_t>(options.image_width);
    if (width != 0 && input.pixels() == 1) {
        shifting.image = {input.channels / width, width, 1};
    }
    if (options.shift > 0 &&
        (shifting.image.size() != input.size() || shifting.image.pixels() <= 1)) {
        return fail(ErrorKind::kInvalidInput, "retrain: the inputs cannot be shifted",
                    "by their shape they are no images, and image_width does not divide them",
                    "Give image_width, or leave shift out.");
    }
    return shifting;
}

TrainOptions train_options(const RetrainOptions& options, const Chain& teacher) {
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

/// The original in floats, whatever it was.
Result<Chain> teacher_of(const Work& work) {
    const auto file = dequantized_file(work.original);
    return file ? chain_of_file(*file) : Result<Chain>(tl::unexpected(file.error()));
}

/// What is left of each layer. More than asked for is an error: the recipe would not be true.
Result<std::vector<LayerReport>> report_density(base::ByteView file, double wanted) {
    const auto layers = read_layers(file);
    if (!layers) {
        return tl::unexpected(layers.error());
    }
    std::vector<LayerReport> reports;
    double left = 0;
    double all = 0;
    for (const Layer& layer : *layers) {
        const auto weights = read_values(file, layer).weights.values;
        LayerReport report = begin_report(layer);
        report.weights = weights.size();
        const auto count = static_cast<double>(weights.size());
        report.density = density_of(weights);
        left += report.density * count;
        all += count;
        reports.push_back(std::move(report));
    }
    if (wanted < 1 && left / all > wanted + kDensitySlack) {
        return fail(
            ErrorKind::kUnsupported,
            fmt::format("retrain: {:.3f} of the weights are left, the recipe asks for {:.3f}",
                        left / all, wanted),
            "weights of one size are pruned together, or not at all", "Choose another density.");
    }
    return reports;
}

}  // namespace

Result<std::vector<LayerReport>> retrain(
    Work& work, const RetrainOptions& options,
    const std::function<void(const TrainProgress&)>& progress) {
    const auto chain = chain_of_file(work.file);
    const auto teacher = chain ? teacher_of(work) : chain;
    if (!teacher) {
        return tl::unexpected(teacher.error());
    }
    const Frame& input = chain->steps.front().input;
    const auto data = dataset_of(work, input.size(), chain->steps.back().output.size());
    const auto shifting =
        data ? shifting_of(input, options) : Result<Shifting>(tl::unexpected(data.error()));
    if (!shifting) {
        return tl::unexpected(shifting.error());
    }
    if (data->inputs.rows < static_cast<std::size_t>(options.batch)) {
        return fail(ErrorKind::kInvalidInput, "retrain: fewer inputs than a batch", {},
                    "Give more calibration inputs or a smaller batch.");
    }
    TrainOptions training = train_options(options, *teacher);
    training.shifting = *shifting;
    write_chain(work.file, train(*chain, *data, training, progress));
    return report_density(work.file, options.density);
}

}  // namespace frugal::model
