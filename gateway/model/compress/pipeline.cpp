// SPDX-License-Identifier: Apache-2.0
#include "model/compress/pipeline.hpp"

#include <fmt/format.h>

#include <cmath>

#include "model/codec/codec.hpp"
#include "model/codec/tflite_plan.hpp"
#include "model/compress/samples_file.hpp"
#include "model/tflite/schema.hpp"
#include "model/tflite/strip.hpp"

namespace frugal::model {

using base::Bytes;
using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

using Progress = std::function<void(const CompressProgress&)>;

Result<void> run_stage(const StripOptions&, Work& work, StageReport&, const Progress&) {
    auto rewritten = strip_model(work.file);
    if (!rewritten) {
        return tl::unexpected(rewritten.error());
    }
    const auto same =
        evaluate(Comparison{work.file, *rewritten, work.operators}, Samples{work.inputs, {}});
    if (!same) {
        return tl::unexpected(same.error());
    }
    if (!std::isinf(same->output_snr_db)) {
        return fail(ErrorKind::kInternal, "the rewritten file gives other outputs");
    }
    work.file = std::move(*rewritten);
    return {};
}

Result<void> run_stage(const QuantizeOptions& options, Work& work, StageReport&, const Progress&) {
    return quantize(work, options);
}

Result<void> run_stage(const DequantizeOptions& options, Work& work, StageReport&,
                       const Progress&) {
    return dequantize(work, options);
}

Result<void> take_reports(Result<std::vector<LayerReport>> layers, StageReport& report) {
    if (!layers) {
        return tl::unexpected(layers.error());
    }
    report.layers = std::move(*layers);
    return {};
}

Result<void> run_stage(const PruneOptions& options, Work& work, StageReport& report,
                       const Progress&) {
    return take_reports(prune_stage(work, options), report);
}

Result<void> run_stage(const RegridOptions& options, Work& work, StageReport& report,
                       const Progress&) {
    return take_reports(regrid(work, options), report);
}

Result<void> run_stage(const ShareOptions& options, Work& work, StageReport& report,
                       const Progress&) {
    return take_reports(share_stage(work, options), report);
}

Result<void> run_stage(const RoundScalesOptions& options, Work& work, StageReport&,
                       const Progress&) {
    auto file = round_scales(work.file, options);
    if (!file) {
        return tl::unexpected(file.error());
    }
    work.file = std::move(*file);
    return {};
}

/// The judged inputs as the result takes them: other than the original's if its type changed.
Result<Evaluation> judge(const Work& work, const Samples& judged) {
    const auto before = input_format(work.original, work.operators);
    const auto after = input_format(work.file, work.operators);
    if (!before || !after) {
        return tl::unexpected((before ? after : before).error());
    }
    const bool is_converted = before->type != after->type;
    const std::vector<Bytes> inputs = !is_converted ? std::vector<Bytes>{}
                                      : after->type == kInt8
                                          ? quantize_inputs(judged.inputs, *after)
                                          : dequantize_inputs(judged.inputs, *before);
    return evaluate(
        Comparison{work.original, work.file, work.operators, is_converted ? &inputs : nullptr},
        judged);
}

Result<void> run_stage(const RetrainOptions& options, Work& work, StageReport&,
                       const Progress& progress) {
    return retrain(work, options, [&](const TrainProgress& training) {
        if (progress) {
            progress({"retrain", &training});
        }
    });
}

Result<StageReport> run_recorded(const StageOptions& stage, Work& work, const Progress& progress) {
    StageReport report;
    report.kind = stage_name(stage);
    report.parameters = stage_parameters(stage);
    const auto done = std::visit(
        [&](const auto& options) { return run_stage(options, work, report, progress); }, stage);
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
                            const std::function<void(const CompressProgress&)>& progress) {
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
    Work work{input.file,
              input.calibration.inputs,
              input.file,
              input.calibration.inputs,
              input.calibration.labels,
              input.operators};
    for (const StageOptions& stage : recipe.stages) {
        if (progress) {
            progress({stage_name(stage), nullptr});
        }
        auto report = run_recorded(stage, work, progress);
        if (!report) {
            return tl::unexpected(report.error());
        }
        result.stages.push_back(std::move(*report));
    }
    auto evaluation = judge(work, judged);
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
