// SPDX-License-Identifier: Apache-2.0
#include "model/compress/pipeline.hpp"

#include <fmt/format.h>

#include "model/codec/codec.hpp"
#include "model/codec/tflite_plan.hpp"

namespace frugal::model {

using base::Bytes;
using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

/// The model on its way through the stages.
struct Work {
    Bytes original;
    Bytes file;
    const std::vector<Bytes>& inputs;
};

Result<void> run_stage(const RegridOptions& options, Work& work, StageReport& report) {
    auto result = regrid(work.original, work.file, work.inputs, options);
    if (!result) {
        return tl::unexpected(result.error());
    }
    work.file = std::move(result->file);
    report.layers = std::move(result->layers);
    return {};
}

Result<void> run_stage(const RoundScalesOptions& options, Work& work, StageReport&) {
    auto file = round_scales(work.file, options);
    if (!file) {
        return tl::unexpected(file.error());
    }
    work.file = std::move(*file);
    return {};
}

Result<StageReport> run_recorded(const StageOptions& stage, Work& work) {
    StageReport report;
    report.kind = stage_name(stage);
    report.parameters = stage_parameters(stage);
    const auto done =
        std::visit([&](const auto& options) { return run_stage(options, work, report); }, stage);
    if (!done) {
        return fail(done.error(), fmt::format("stage {}", report.kind));
    }
    const auto packed = packed_size(work.file);
    if (!packed) {
        return tl::unexpected(packed.error());
    }
    report.raw_bytes = work.file.size();
    report.packed_bytes = *packed;
    return report;
}

tl::unexpected<base::Error> refused(std::string_view what, double value, double bound) {
    return fail(ErrorKind::kConflict,
                fmt::format("gate: {} is {:.4f}, the recipe asks for {:.4f}", what, value, bound),
                "the model was compressed too far",
                "Use a smaller step or lambda, or relax the gate.");
}

Result<void> check_gate(const Gate& gate, const Evaluation& evaluation) {
    if (gate.min_agreement && evaluation.agreement < *gate.min_agreement) {
        return refused("agreement", evaluation.agreement, *gate.min_agreement);
    }
    if (gate.min_output_snr_db && evaluation.output_snr_db < *gate.min_output_snr_db) {
        return refused("output_snr_db", evaluation.output_snr_db, *gate.min_output_snr_db);
    }
    if (gate.max_accuracy_drop) {
        if (!evaluation.accuracy_before) {
            return fail(ErrorKind::kInvalidInput, "gate: max_accuracy_drop needs labels", {},
                        "Give --labels, or use min_agreement.");
        }
        const double drop = *evaluation.accuracy_before - *evaluation.accuracy_after;
        if (drop > *gate.max_accuracy_drop) {
            return refused("accuracy drop", drop, *gate.max_accuracy_drop);
        }
    }
    return {};
}

Result<void> check_labels(const Samples& samples) {
    if (!samples.labels.empty() && samples.labels.size() != samples.inputs.size()) {
        return fail(
            ErrorKind::kInvalidInput,
            fmt::format("{} labels for {} inputs", samples.labels.size(), samples.inputs.size()),
            {}, "Give one label for each input.");
    }
    return {};
}

}  // namespace

Result<std::uint64_t> packed_size(base::ByteView file) {
    const auto stream = encode(file, plan_of_tflite(file));
    if (!stream) {
        return tl::unexpected(stream.error());
    }
    return stream->size();
}

Result<Compressed> compress(const CompressInput& input, const Recipe& recipe,
                            const std::function<void(std::string_view)>& progress) {
    const Samples& judged = input.evaluation.inputs.empty() ? input.calibration : input.evaluation;
    const auto labels = check_labels(judged);
    const auto packed =
        labels ? packed_size(input.file) : Result<std::uint64_t>(tl::unexpected(labels.error()));
    if (!packed) {
        return tl::unexpected(packed.error());
    }
    Compressed result;
    result.raw_bytes_before = input.file.size();
    result.packed_bytes_before = *packed;
    Work work{input.file, input.file, input.calibration.inputs};
    for (const StageOptions& stage : recipe.stages) {
        if (progress) {
            progress(stage_name(stage));
        }
        auto report = run_recorded(stage, work);
        if (!report) {
            return tl::unexpected(report.error());
        }
        result.stages.push_back(std::move(*report));
    }
    auto evaluation = evaluate(input.file, work.file, judged);
    if (!evaluation) {
        return tl::unexpected(evaluation.error());
    }
    const auto passed = check_gate(recipe.gate, *evaluation);
    if (!passed) {
        return tl::unexpected(passed.error());
    }
    result.evaluation = *evaluation;
    result.file = std::move(work.file);
    return result;
}

}  // namespace frugal::model
