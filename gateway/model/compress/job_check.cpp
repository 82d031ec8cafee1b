// SPDX-License-Identifier: Apache-2.0
#include "model/compress/job_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "model/tflite/schema.hpp"
#include "model/tflite/summary.hpp"

namespace frugal::model {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

Result<void> check_labels(const Samples& samples, std::size_t classes) {
    if (samples.labels.empty()) {
        return {};
    }
    if (samples.labels.size() != samples.inputs.size()) {
        return fail(
            ErrorKind::kInvalidInput,
            fmt::format("{} labels for {} inputs", samples.labels.size(), samples.inputs.size()),
            {}, "Give one label for each input.");
    }
    const auto found = std::ranges::find_if(
        samples.labels, [classes](std::uint32_t label) { return label >= classes; });
    return found == samples.labels.end()
               ? Result<void>{}
               : no_class(static_cast<std::size_t>(found - samples.labels.begin()), *found,
                          classes);
}

/// As evaluate() counts them: the values of output 0, or the two sides of a single one.
std::size_t classes_of(const ModelSummary& summary) {
    std::size_t classes = 1;
    if (!summary.outputs.empty()) {
        for (const std::int32_t length : summary.tensors.at(summary.outputs[0]).shape) {
            classes *= static_cast<std::size_t>(length);
        }
    }
    return std::max<std::size_t>(classes, 2);
}

/// The stage delta has nothing to go by without a base.
Result<void> check_base(const Recipe& recipe, base::ByteView base) {
    const bool is_needed = std::ranges::any_of(recipe.stages, [](const StageOptions& stage) {
        return std::holds_alternative<DeltaOptions>(stage);
    });
    if (is_needed && base.empty()) {
        return fail(ErrorKind::kInvalidInput, "stage delta: there is no base", {},
                    "Give the model that devices have (--base).");
    }
    return {};
}

Result<void> check_constants(const ModelSummary& summary, base::ByteView file) {
    for (const TensorSummary& tensor : summary.tensors) {
        if (tensor.type != kFloat32 || !tensor.constant) {
            continue;
        }
        const auto number =
            first_not_finite(file.subspan(tensor.constant->offset, tensor.constant->size));
        if (number) {
            return fail(ErrorKind::kInvalidInput,
                        fmt::format("model: tensor {}{}: number {} is not finite", tensor.index,
                                    tensor.name.empty() ? "" : " (" + tensor.name + ")", *number),
                        "a weight is NaN or infinite, as after a training that diverged",
                        "Train the model again, or export an earlier state of it.");
        }
    }
    return {};
}

}  // namespace

std::optional<std::size_t> first_not_finite(base::ByteView floats) {
    for (std::size_t i = 0; i < floats.size() / sizeof(float); ++i) {
        float value = 0;
        std::memcpy(&value, floats.data() + sizeof value * i, sizeof value);
        if (!std::isfinite(value)) {
            return i;
        }
    }
    return std::nullopt;
}

Result<void> check_job(const CompressInput& input, const Recipe& recipe) {
    const Samples& judged = input.evaluation.inputs.empty() ? input.calibration : input.evaluation;
    if (recipe.gate.max_accuracy_drop && judged.labels.empty()) {
        return fail(ErrorKind::kInvalidInput, "gate: max_accuracy_drop needs labels", {},
                    "Give --labels, or use min_agreement.");
    }
    const auto summary = read_model(input.file);
    if (!summary) {
        return tl::unexpected(summary.error());
    }
    auto checked = check_labels(judged, classes_of(*summary));
    checked = checked ? check_labels(input.calibration, classes_of(*summary)) : checked;
    checked = checked ? check_base(recipe, input.base) : checked;
    return checked ? check_constants(*summary, input.file) : checked;
}

}  // namespace frugal::model
