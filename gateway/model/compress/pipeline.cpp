// SPDX-License-Identifier: Apache-2.0
#include "model/compress/pipeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "model/codec/codec.hpp"
#include "model/codec/tflite_plan.hpp"
#include "model/compress/job_check.hpp"
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
    const auto same = evaluate(Comparison{work.file, *rewritten, work.operators},
                               Samples{work.calibration_of(work.inputs), {}});
    if (!same) {
        return tl::unexpected(same.error());
    }
    if (same->output_snr_db != INFINITY) {
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

Result<void> run_stage(const DeltaOptions& options, Work& work, StageReport& report,
                       const Progress&) {
    return take_reports(delta_stage(work, options), report);
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

Result<void> run_stage(const RetrainOptions& options, Work& work, StageReport& report,
                       const Progress& progress) {
    const auto tell = [&](const TrainProgress& training) {
        if (progress) {
            progress({"retrain", &training});
        }
    };
    return take_reports(retrain(work, options, tell), report);
}

/// Bytes of a file for devices that have the base; absent without one.
Result<void> tell_delta(base::ByteView file, base::ByteView base,
                        std::optional<std::uint64_t>& bytes) {
    if (base.empty()) {
        return {};
    }
    const auto stream = encode(file, plan_of_tflite(file), {2, base, plan_of_tflite(base)});
    if (!stream) {
        return tl::unexpected(stream.error());
    }
    bytes = stream->size();
    return {};
}

/// What travels.
std::uint64_t sent_bytes(const StageReport& report) {
    return report.delta_bytes.value_or(report.packed_bytes);
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
    const auto told = tell_delta(work.file, work.base, report.delta_bytes);
    return told ? Result<StageReport>(std::move(report)) : tl::unexpected(told.error());
}

tl::unexpected<base::Error> refused(std::string_view what, double value, double bound) {
    return fail(ErrorKind::kConflict,
                fmt::format("gate: {} is {:.4f}, the recipe asks for {:.4f}", what, value, bound),
                "the model was compressed too far",
                "Use a smaller step or lambda, or relax the gate.");
}

/// Asked so that a figure that is no number does not pass.
Result<void> check_gate(const Gate& gate, const Evaluation& evaluation) {
    if (gate.min_agreement && !(evaluation.agreement >= *gate.min_agreement)) {
        return refused("agreement", evaluation.agreement, *gate.min_agreement);
    }
    if (gate.min_output_snr_db && !(evaluation.output_snr_db >= *gate.min_output_snr_db)) {
        return refused("output_snr_db", evaluation.output_snr_db, *gate.min_output_snr_db);
    }
    if (gate.max_accuracy_drop && evaluation.accuracy_before) {
        const double drop = *evaluation.accuracy_before - *evaluation.accuracy_after;
        if (!(drop <= *gate.max_accuracy_drop)) {
            return refused("accuracy drop", drop, *gate.max_accuracy_drop);
        }
    }
    return {};
}

/// A model under way with what was done to it.
struct Run {
    Work work;
    StageReport given;  ///< the sizes before all stages
    std::vector<StageReport> stages{};
};

/// A stripped file gives the same outputs, so the other one counts where that travels in less: its
/// bytes may lie so that they are better foretold, by what stands before or by a base.
void keep_smaller(Bytes before, const StageReport& sizes, Work& work, StageReport& report) {
    if (sent_bytes(report) <= sent_bytes(sizes)) {
        return;
    }
    report.note = fmt::format("left as it was: stripped it takes {} bytes encoded, not {}",
                              sent_bytes(report), sent_bytes(sizes));
    report.raw_bytes = sizes.raw_bytes;
    report.packed_bytes = sizes.packed_bytes;
    report.delta_bytes = sizes.delta_bytes;
    work.file = std::move(before);
}

Result<void> run_stages(std::span<const StageOptions> stages, Run& run, const Progress& progress) {
    for (const StageOptions& stage : stages) {
        if (progress) {
            progress({stage_name(stage)});
        }
        const bool is_strip = std::holds_alternative<StripOptions>(stage);
        Bytes before = is_strip ? run.work.file : Bytes{};
        auto report = run_recorded(stage, run.work, progress);
        if (!report) {
            return tl::unexpected(report.error());
        }
        if (is_strip) {
            const StageReport& sizes = run.stages.empty() ? run.given : run.stages.back();
            keep_smaller(std::move(before), sizes, run.work, *report);
        }
        run.stages.push_back(std::move(*report));
    }
    return {};
}

/// What the gate lets through.
Result<Compressed> pass_gate(Run run, const Gate& gate, const Samples& judged) {
    auto evaluation = judge(run.work, judged);
    if (!evaluation) {
        return tl::unexpected(evaluation.error());
    }
    const auto passed = check_gate(gate, *evaluation);
    if (!passed) {
        return tl::unexpected(passed.error());
    }
    Compressed result;
    result.file = std::move(run.work.file);
    result.stages = std::move(run.stages);
    result.evaluation = *evaluation;
    return result;
}

Result<Compressed> run_whole(Run run, const Recipe& recipe, const Samples& judged,
                             const Progress& progress) {
    const auto done = run_stages(recipe.stages, run, progress);
    return done ? pass_gate(std::move(run), recipe.gate, judged)
                : Result<Compressed>(tl::unexpected(done.error()));
}

/// What a search can go further with.
bool is_searched(const StageOptions& stage) {
    return std::holds_alternative<RegridOptions>(stage) ||
           std::holds_alternative<DeltaOptions>(stage);
}

/// The stages with the parameter of every regrid and delta multiplied.
std::vector<StageOptions> multiplied(std::span<const StageOptions> stages,
                                     const std::string& parameter, double factor) {
    std::vector<StageOptions> result(stages.begin(), stages.end());
    for (StageOptions& stage : result) {
        if (auto* regrid = std::get_if<RegridOptions>(&stage); regrid != nullptr) {
            if (parameter == "lambda") {
                regrid->lambda *= factor;
            } else {
                regrid->step = std::clamp(regrid->step * factor, 1.0, 127.0);
                regrid->depthwise_step = std::clamp(regrid->depthwise_step * factor, 1.0, 127.0);
            }
        }
        if (auto* delta = std::get_if<DeltaOptions>(&stage);
            delta != nullptr && parameter == "lambda") {
            delta->lambda *= factor;
        }
    }
    return result;
}

/// Stages before the first that is searched run once, the others for each factor.
Result<Compressed> search(Run start, const Recipe& recipe, const Samples& judged,
                          const Progress& progress) {
    const std::span<const StageOptions> stages = recipe.stages;
    const auto first = std::find_if(stages.begin(), stages.end(), is_searched);
    const auto before = static_cast<std::size_t>(first - stages.begin());
    auto done = run_stages(stages.first(before), start, progress);
    FactorSearch factors(*recipe.search);
    Result<Compressed> best = fail(ErrorKind::kInternal, "search: nothing was tried");
    for (auto factor = factors.next(); done && factor; factor = factors.next()) {
        const SearchProgress attempt{factors.tried() + 1, recipe.search->tries, *factor};
        if (progress) {
            progress({"search", nullptr, &attempt});
        }
        Run run = start;
        done = run_stages(multiplied(stages.subspan(before), recipe.search->parameter, *factor),
                          run, progress);
        auto result = done ? pass_gate(std::move(run), recipe.gate, judged)
                           : Result<Compressed>(tl::unexpected(done.error()));
        if (!result && result.error().kind != ErrorKind::kConflict) {
            return result;
        }
        factors.tell(*factor, result.has_value());
        const bool is_better = result && (!best || sent_bytes(result->stages.back()) <
                                                       sent_bytes(best->stages.back()));
        if (is_better || !best) {
            best = std::move(result);
        }
    }
    return done ? std::move(best) : Result<Compressed>(tl::unexpected(done.error()));
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
    auto checked = check_job(input, recipe);
    const auto packed =
        checked ? packed_size(input.file) : Result<std::uint64_t>(tl::unexpected(checked.error()));
    std::optional<std::uint64_t> delta;
    checked = packed ? tell_delta(input.file, input.base, delta) : checked;
    if (!packed || !checked) {
        return tl::unexpected(packed ? checked.error() : packed.error());
    }
    const StageReport given{"as given", {}, input.file.size(), *packed, delta, {}};
    Run run{{input.file, input.calibration.inputs, input.file, input.calibration.inputs,
             input.calibration.labels, input.operators, input.base,
             static_cast<std::size_t>(recipe.calibration_inputs)},
            given};
    auto result = recipe.search ? search(std::move(run), recipe, judged, progress)
                                : run_whole(std::move(run), recipe, judged, progress);
    if (result) {
        result->raw_bytes_before = input.file.size();
        result->packed_bytes_before = *packed;
        result->delta_bytes_before = delta;
    }
    return result;
}

}  // namespace frugal::model
