// SPDX-License-Identifier: Apache-2.0
// kws_bench [--json] [--inputs FILE] [--evaluation FILE --labels FILE] [--recipe FILE]: the public
// keyword model made smaller with unlabelled calibration inputs. Without --inputs it makes up 128
// inputs that look like cepstra of sound; then only agreement with the original can be judged.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cmath>
#include <string>

#include "base/rng.hpp"
#include "model/compress/pipeline.hpp"
#include "model/compress/samples_file.hpp"
#include "support/model_files.hpp"

namespace {

namespace model = frugal::model;
using frugal::base::Bytes;
using frugal::test::read_file;

constexpr std::size_t kFrames = 49;
constexpr std::size_t kCoefficients = 10;
constexpr std::size_t kCalibrationMax = 128;
constexpr std::size_t kHeaderAndSignature = 224;  // bytes of a package beside its payload

struct Options {
    bool json = false;
    std::string inputs;
    std::string evaluation;
    std::string labels;
    std::string recipe = FRUGAL_SOURCE_DIR "/config/recipes/int8.toml";
};

/// Cepstra of nothing in particular: a few bursts over quiet, each coefficient a slow random walk.
std::vector<float> made_up_input(frugal::base::Rng& rng) {
    constexpr std::array<float, kCoefficients> kSpread{12, 3, 2, 1.5, 1.2, 1, 1, 0.8F, 0.8F, 0.7F};
    const auto normal = [&] {
        double sum = -6;
        for (int i = 0; i < 12; ++i) {
            sum += rng.uniform();
        }
        return static_cast<float>(sum);
    };
    const auto begin = static_cast<std::size_t>(rng.below(25));
    const std::size_t end = begin + 8 + static_cast<std::size_t>(rng.below(20));
    std::array<float, kCoefficients> state{};
    std::vector<float> values;
    for (std::size_t frame = 0; frame < kFrames; ++frame) {
        const bool is_loud = frame >= begin && frame < end;
        for (std::size_t i = 0; i < kCoefficients; ++i) {
            state[i] = 0.8F * state[i] + 0.6F * kSpread[i] * normal() * (is_loud ? 1.0F : 0.3F);
            values.push_back(state[i] + (i == 0 ? (is_loud ? 0.0F : -30.0F) : 0.0F));
        }
    }
    return values;
}

std::vector<Bytes> made_up_inputs(const model::InputFormat& format) {
    frugal::base::Rng rng(1);
    std::vector<Bytes> inputs;
    for (std::size_t i = 0; i < kCalibrationMax; ++i) {
        Bytes input;
        for (const float value : made_up_input(rng)) {
            const float level =
                std::nearbyint(value / format.scale) + static_cast<float>(format.zero_point);
            input.push_back(static_cast<std::uint8_t>(
                static_cast<std::int8_t>(std::fmin(127.0F, std::fmax(-128.0F, level)))));
        }
        inputs.push_back(std::move(input));
    }
    return inputs;
}

int failed(const frugal::base::Error& error) {
    fmt::print(stderr, "kws_bench: {}\n", error.describe());
    return 1;
}

void print(const model::Compressed& done, const Options& options, double seconds) {
    const auto& evaluation = done.evaluation;
    const std::uint64_t package = done.stages.back().packed_bytes + kHeaderAndSignature;
    if (!options.json) {
        fmt::print("{:<14} {:>9} {:>9}\n{:<14} {:>9} {:>9}\n", "stage", "file B", "packed B",
                   "as given", done.raw_bytes_before, done.packed_bytes_before);
        for (const auto& stage : done.stages) {
            fmt::print("{:<14} {:>9} {:>9}\n", stage.kind, stage.raw_bytes, stage.packed_bytes);
        }
        for (const auto& layer : done.stages.front().layers) {
            fmt::print(
                "  {:<12} {:>6} weights, step {:.4g}, density {:.3f}, {:.2f} bit, {:.1f} dB\n",
                layer.kind, layer.weights, layer.step, layer.density, layer.bits_per_weight,
                layer.snr_db);
        }
        fmt::print("package {} B; {} inputs: agreement {:.2f} %, SNR {:.1f} dB", package,
                   evaluation.inputs, 100 * evaluation.agreement, evaluation.output_snr_db);
        if (evaluation.accuracy_before) {
            fmt::print(", accuracy {:.2f} % -> {:.2f} %", 100 * *evaluation.accuracy_before,
                       100 * *evaluation.accuracy_after);
        }
        fmt::print("; {:.1f} s\n", seconds);
        return;
    }
    fmt::print(
        "{{\"raw_bytes\": {}, \"packed_before_bytes\": {}, \"package_bytes\": {}, "
        "\"inputs\": {}, \"made_up_inputs\": {}, \"agreement\": {:.5f}, \"seconds\": {:.2f}",
        done.raw_bytes_before, done.packed_bytes_before, package, evaluation.inputs,
        options.inputs.empty(), evaluation.agreement, seconds);
    if (evaluation.accuracy_before) {
        fmt::print(", \"accuracy_before\": {:.5f}, \"accuracy_after\": {:.5f}",
                   *evaluation.accuracy_before, *evaluation.accuracy_after);
    }
    fmt::print("}}\n");
}

frugal::base::Result<model::CompressInput> read_input(const Options& options) {
    model::CompressInput input;
    input.file = frugal::test::shared_model("kws_ref_int8.tflite");
    const auto format = model::input_format(input.file);
    if (!format) {
        return tl::unexpected(format.error());
    }
    if (options.inputs.empty()) {
        input.calibration.inputs = made_up_inputs(*format);
        return input;
    }
    auto inputs = model::parse_inputs(read_file(options.inputs), *format, options.inputs);
    if (inputs && inputs->size() > kCalibrationMax) {
        inputs->resize(kCalibrationMax);
    }
    if (inputs && !options.evaluation.empty()) {
        input.calibration.inputs = std::move(*inputs);
        inputs = model::parse_inputs(read_file(options.evaluation), *format, options.evaluation);
        auto labels = model::parse_labels(read_file(options.labels), options.labels);
        input.evaluation.labels = labels ? std::move(*labels) : std::vector<std::uint32_t>{};
    }
    if (!inputs) {
        return tl::unexpected(inputs.error());
    }
    (options.evaluation.empty() ? input.calibration : input.evaluation).inputs = std::move(*inputs);
    return input;
}

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        if (name == "--json") {
            options.json = true;
            continue;
        }
        std::string& value = name == "--inputs"       ? options.inputs
                             : name == "--evaluation" ? options.evaluation
                             : name == "--labels"     ? options.labels
                                                      : options.recipe;
        value = i + 1 < argc ? argv[++i] : "";
    }
    return options;
}

}  // namespace

int main(int argc, char** argv) {
    const Options options = parse(argc, argv);
    const auto input = read_input(options);
    if (!input) {
        return failed(input.error());
    }
    const auto begin = std::chrono::steady_clock::now();
    const Bytes text = read_file(options.recipe);
    const auto recipe = model::parse_recipe(frugal::base::as_text(text), options.recipe);
    if (!recipe) {
        return failed(recipe.error());
    }
    const auto done = model::compress(*input, *recipe, {});
    if (!done) {
        return failed(done.error());
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    print(*done, options, taken.count());
    return 0;
}
