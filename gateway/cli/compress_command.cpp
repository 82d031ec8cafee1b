// SPDX-License-Identifier: Apache-2.0
#include "cli/compress_command.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>

#include "base/hex.hpp"
#include "cli/compress_inputs.hpp"
#include "cli/files.hpp"
#include "cli/number_option.hpp"
#include "cli/output.hpp"
#include "cli/plain_text.hpp"
#include "crypto/sha256.hpp"
#include "inference/float/operators.hpp"
#include "model/compress/pipeline.hpp"
#include "model/compress/samples_file.hpp"

namespace frugal::cli {

using base::Bytes;
using base::fail;
using base::Result;
namespace json = boost::json;

namespace {

struct Job {
    model::CompressInput input;
    model::Recipe recipe;
    std::string recipe_text;
};

void say_left_out(const Inputs& inputs) {
    constexpr std::size_t kLines = 10;
    for (std::size_t i = 0; i < std::min(kLines, inputs.left_out.size()); ++i) {
        say("note: " + plain_text(inputs.left_out[i]));
    }
    if (inputs.left_out.size() > kLines) {
        say(fmt::format("note: and {} more left out", inputs.left_out.size() - kLines));
    }
}

Result<Job> read_samples(const CompressOptions& options, Job job) {
    job.input.operators = &inference::gateway_operators();
    const auto format = model::input_format(job.input.file, job.input.operators);
    if (!format) {
        return fail(format.error(), options.file);
    }
    auto inputs = read_inputs(options.calibration, *format, options.limit);
    if (!inputs) {
        return tl::unexpected(inputs.error());
    }
    const std::size_t calibrated = inputs->all;
    say_left_out(*inputs);
    job.input.calibration.inputs = std::move(inputs->taken);
    if (!options.evaluation.empty()) {
        inputs = read_inputs(options.evaluation, *format, 0);
        if (!inputs) {
            return tl::unexpected(inputs.error());
        }
        say_left_out(*inputs);
        job.input.evaluation.inputs = std::move(inputs->taken);
    }
    model::Samples& judged =
        options.evaluation.empty() ? job.input.calibration : job.input.evaluation;
    auto done = read_labels(options.labels, inputs->all, judged);
    done = done ? read_labels(options.calibration_labels, calibrated, job.input.calibration) : done;
    if (!done) {
        return tl::unexpected(done.error());
    }
    return job;
}

Result<Job> read_job(const CompressOptions& options) {
    Job job;
    auto file = read_bytes(options.file);
    auto base = file && !options.base.empty() ? read_bytes(options.base) : Result<Bytes>(Bytes{});
    const auto text = file && base ? read_bytes(options.recipe) : (file ? base : file);
    if (!text) {
        return tl::unexpected(text.error());
    }
    auto recipe = model::parse_recipe(base::as_text(*text), options.recipe);
    if (!recipe) {
        return tl::unexpected(recipe.error());
    }
    job.recipe = std::move(*recipe);
    job.recipe_text = base::as_text(*text);
    job.input.file = std::move(*file);
    job.input.base = std::move(*base);
    return read_samples(options, std::move(job));
}

/// 0 stands for a figure that the stage does not have.
json::value known_json(double figure) {
    return figure == 0 ? json::value(nullptr) : json::value(figure);
}

json::object layer_json(const model::LayerReport& layer) {
    json::object object{
        {"name", layer.name},       {"kind", layer.kind},
        {"weights", layer.weights}, {"step", known_json(layer.step)},
        {"density", layer.density}, {"bits_per_weight", known_json(layer.bits_per_weight)},
        {"note", layer.note}};
    if (std::isfinite(layer.snr_db)) {
        object["snr_db"] = layer.snr_db;
    }
    return object;
}

/// Null where there is no base.
json::value optional_json(const std::optional<std::uint64_t>& number) {
    return number ? json::value(*number) : json::value(nullptr);
}

json::object stage_json(const model::StageReport& stage) {
    json::object parameters;
    for (const auto& [key, value] : stage.parameters) {
        parameters[key] = value;
    }
    json::array layers;
    for (const auto& layer : stage.layers) {
        layers.push_back(layer_json(layer));
    }
    return {{"kind", stage.kind},
            {"parameters", parameters},
            {"raw_bytes", stage.raw_bytes},
            {"packed_bytes", stage.packed_bytes},
            {"delta_bytes", optional_json(stage.delta_bytes)},
            {"layers", layers},
            {"note", stage.note}};
}

json::object evaluation_json(const model::Evaluation& evaluation) {
    json::object object{{"inputs", evaluation.inputs},
                        {"agreement", evaluation.agreement},
                        {"classes", evaluation.classes},
                        {"classes_answered", evaluation.classes_answered}};
    if (std::isfinite(evaluation.output_snr_db)) {
        object["output_snr_db"] = evaluation.output_snr_db;
    }
    if (evaluation.accuracy_before) {
        object["accuracy_before"] = *evaluation.accuracy_before;
        object["accuracy_after"] = *evaluation.accuracy_after;
    }
    return object;
}

/// SHA-256 of all inputs, one after the other; null for none.
json::value digest_json(const std::vector<Bytes>& inputs) {
    crypto::Sha256 hash;
    for (const auto& input : inputs) {
        hash.update(input);
    }
    return inputs.empty() ? json::value(nullptr) : json::value(base::to_hex(hash.finish()));
}

/// SHA-256 of the class numbers, four bytes each, little-endian; null for none.
json::value digest_json(const std::vector<std::uint32_t>& labels) {
    Bytes bytes;
    for (const std::uint32_t label : labels) {
        for (int shift = 0; shift < 32; shift += 8) {
            bytes.push_back(static_cast<std::uint8_t>(label >> shift));
        }
    }
    return digest_json(labels.empty() ? std::vector<Bytes>() : std::vector<Bytes>{bytes});
}

/// What `model build --report` takes over into a bundle.
void add_provenance(json::object& report, const Job& job, const model::Compressed& done) {
    const auto& input = job.input;
    const auto& judged = input.evaluation.inputs.empty() ? input.calibration : input.evaluation;
    report["source_sha256"] = base::to_hex(crypto::sha256(input.file));
    report["base_sha256"] = input.base.empty()
                                ? json::value(nullptr)
                                : json::value(base::to_hex(crypto::sha256(input.base)));
    report["output_sha256"] = base::to_hex(crypto::sha256(done.file));
    report["calibration_sha256"] = digest_json(input.calibration.inputs);
    report["evaluation_sha256"] = digest_json(judged.inputs);
    report["labels_sha256"] = digest_json(judged.labels);
    report["recipe_text"] = job.recipe_text;
}

json::object report_json(const Job& job, const CompressOptions& options,
                         const model::Compressed& done) {
    json::array stages;
    for (const auto& stage : done.stages) {
        stages.push_back(stage_json(stage));
    }
    json::object report{{"file", options.file},
                        {"output", options.output},
                        {"recipe", job.recipe.name},
                        {"calibration_inputs", job.input.calibration.inputs.size()},
                        {"calibration_inputs_limit", job.recipe.calibration_inputs},
                        {"raw_bytes_before", done.raw_bytes_before},
                        {"packed_bytes_before", done.packed_bytes_before},
                        {"raw_bytes", done.file.size()},
                        {"packed_bytes", done.stages.back().packed_bytes},
                        {"delta_bytes_before", optional_json(done.delta_bytes_before)},
                        {"delta_bytes", optional_json(done.stages.back().delta_bytes)},
                        {"stages", stages},
                        {"evaluation", evaluation_json(done.evaluation)}};
    add_provenance(report, job, done);
    return report;
}

std::string known(double figure, std::string_view form) {
    return figure == 0 ? "-" : fmt::format(fmt::runtime(form), figure);
}

void print_layers(const model::StageReport& stage) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& layer : stage.layers) {
        rows.push_back({short_name(layer.name), layer.kind, grouped(layer.weights),
                        known(layer.step, "{:.3g}"), fmt::format("{:.3f}", layer.density),
                        known(layer.bits_per_weight, "{:.2f}"), known(layer.snr_db, "{:.1f}"),
                        layer.note});
    }
    print_table({"layer", "kind", "weights", "step", "density", "bit/weight", "SNR dB", ""}, rows);
}

std::string ratio(std::uint64_t raw, std::uint64_t packed) {
    return fmt::format("{:.2f}", static_cast<double>(raw) / static_cast<double>(packed));
}

/// What makes the figures say less than they seem to.
void warn_of(const model::Evaluation& evaluation, const model::Gate& gate) {
    constexpr double kHardlyMore = 1.2;  // times what chance gives
    if (evaluation.classes_answered == 1) {
        say(std::string("warning: the original gave all these inputs the same class, so agreement "
                        "says nothing; give inputs of every class") +
            (gate.min_output_snr_db ? "" : ", or a gate with min_output_snr_db"));
    }
    if (evaluation.accuracy_before &&
        *evaluation.accuracy_before * static_cast<double>(evaluation.classes) < kHardlyMore) {
        say(
            fmt::format("warning: the original is right in {:.2f} %, hardly more than chance; do "
                        "the labels belong to these inputs?",
                        100 * *evaluation.accuracy_before));
    }
}

void print_report(const model::Compressed& done) {
    const auto delta = [](const std::optional<std::uint64_t>& bytes) {
        return bytes ? grouped(*bytes) : std::string("-");
    };
    std::vector<std::vector<std::string>> rows{
        {"as given", grouped(done.raw_bytes_before), grouped(done.packed_bytes_before),
         ratio(done.raw_bytes_before, done.packed_bytes_before), delta(done.delta_bytes_before)}};
    for (const auto& stage : done.stages) {
        rows.push_back({stage.kind, grouped(stage.raw_bytes), grouped(stage.packed_bytes),
                        ratio(done.raw_bytes_before, stage.packed_bytes),
                        delta(stage.delta_bytes)});
    }
    print_table({"stage", "file B", "packed B", "raw/packed", "delta B"}, rows);
    for (const auto& stage : done.stages) {
        if (!stage.note.empty()) {
            fmt::print("{}: {}\n", stage.kind, stage.note);
        }
    }
    for (const auto& stage : done.stages) {
        if (!stage.layers.empty()) {
            fmt::print("\n{}\n", stage.kind);
            print_layers(stage);
        }
    }
    const auto& evaluation = done.evaluation;
    fmt::print("\nagreement {:.2f} % on {} inputs of {} classes, output SNR {:.1f} dB\n",
               100 * evaluation.agreement, evaluation.inputs, evaluation.classes_answered,
               evaluation.output_snr_db);
    if (evaluation.accuracy_before) {
        fmt::print("accuracy  {:.2f} % before, {:.2f} % after\n", 100 * *evaluation.accuracy_before,
                   100 * *evaluation.accuracy_after);
    }
}

void show_progress(const model::CompressProgress& progress) {
    const auto* training = progress.training;
    if (progress.search != nullptr) {
        say(fmt::format("search {}/{}: factor {:.3f}", progress.search->attempt,
                        progress.search->tries, progress.search->factor));
        return;
    }
    if (training == nullptr) {
        say(fmt::format("stage {} ...", progress.stage));
        return;
    }
    constexpr int kWidth = 30;
    const int done = training->epoch * kWidth / training->epochs;
    fmt::print(stderr, "\r[{:<{}}] epoch {}/{}, loss {:.4f}, density {:.3f}{}",
               std::string(static_cast<std::size_t>(done), '#'), kWidth, training->epoch,
               training->epochs, training->loss, training->density,
               training->epoch == training->epochs ? "\n" : "");
}

}  // namespace

Result<int> compress_model(const Context& context, const CompressOptions& options) {
    const auto checked = check_output(
        options.output, {options.file, options.calibration, options.evaluation, options.labels,
                         options.calibration_labels, options.recipe, options.base});
    if (!checked) {
        return tl::unexpected(checked.error());
    }
    const auto job = read_job(options);
    if (!job) {
        return tl::unexpected(job.error());
    }
    const auto done = model::compress(job->input, job->recipe, show_progress);
    if (!done) {
        return fail(done.error(), options.file);
    }
    const auto written = write_bytes(options.output, done->file);
    if (!written) {
        return tl::unexpected(written.error());
    }
    warn_of(done->evaluation, job->recipe.gate);
    if (context.json) {
        print_json("model-compress", report_json(*job, options, *done));
    } else {
        print_report(*done);
    }
    return kExitDone;
}

void add_compress_command(CLI::App& model, Context& context) {
    auto options = std::make_shared<CompressOptions>();
    auto* command =
        model.add_subcommand("compress", "prune and quantize a .tflite; needs no gateway");
    command->add_option("file", options->file)->required();
    command
        ->add_option("--calibration", options->calibration,
                     "inputs: a file (.npy, idx, raw bytes) or a directory of such files")
        ->required();
    command->add_option("--recipe", options->recipe, "stages and gate, e.g. of config/recipes")
        ->required();
    command->add_option("-o,--output", options->output, "the .tflite to write")->required();
    command->add_option("--base", options->base,
                        "the .tflite devices have already; deltas to it are made and measured");
    command->add_option("--evaluation", options->evaluation, "other inputs the gate is judged on");
    command->add_option("--labels", options->labels,
                        "classes of the evaluation inputs, one number a line or idx");
    command->add_option("--calibration-labels", options->calibration_labels,
                        "classes of the calibration inputs, for stages that train");
    command->add_option("--calibration-limit", options->limit, "use only the first so many inputs")
        ->check(whole_number_within(0, INT32_MAX));
    on_command(*command, context,
               [&context, options] { return compress_model(context, *options); });
}

}  // namespace frugal::cli
