// SPDX-License-Identifier: Apache-2.0
#include "bench/lenet/drift.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <vector>

#include "bench/lenet/idx_data.hpp"
#include "model/compress/grid_network.hpp"
#include "model/compress/pipeline.hpp"
#include "model/compress/trainer.hpp"

namespace frugal::bench {

namespace {

using base::Bytes;

constexpr double kDegrees = 15;
constexpr int kSide = 28;
constexpr std::size_t kCalibrated = 1000;

float pixel(std::span<const float> image, int row, int column) {
    const bool is_inside = row >= 0 && row < kSide && column >= 0 && column < kSide;
    return is_inside ? image[static_cast<std::size_t>(row * kSide + column)] : 0.0F;
}

/// The image turned around its centre, between pixels linearly.
void turn(std::span<const float> from, std::span<float> to) {
    const double angle = kDegrees * std::numbers::pi / 180;
    const double centre = (kSide - 1) / 2.0;
    for (int row = 0; row < kSide; ++row) {
        for (int column = 0; column < kSide; ++column) {
            const double y = row - centre;
            const double x = column - centre;
            const double source_row = centre + std::cos(angle) * y - std::sin(angle) * x;
            const double source_column = centre + std::sin(angle) * y + std::cos(angle) * x;
            const int top = static_cast<int>(std::floor(source_row));
            const int left = static_cast<int>(std::floor(source_column));
            const auto down = static_cast<float>(source_row - top);
            const auto right = static_cast<float>(source_column - left);
            to[static_cast<std::size_t>(row * kSide + column)] =
                (1 - down) *
                    ((1 - right) * pixel(from, top, left) + right * pixel(from, top, left + 1)) +
                down * ((1 - right) * pixel(from, top + 1, left) +
                        right * pixel(from, top + 1, left + 1));
        }
    }
}

model::Dataset turned(const model::Dataset& data) {
    model::Dataset result = data;
    for (std::size_t row = 0; row < data.inputs.rows; ++row) {
        turn(data.inputs.row(row), result.inputs.row(row));
    }
    return result;
}

model::Compressed compressed(const model::CompressInput& input,
                             std::vector<model::StageOptions> stages) {
    model::Recipe recipe;
    recipe.stages = std::move(stages);
    auto done = model::compress(input, recipe, {});
    if (!done) {
        fmt::print(stderr, "lenet_bench: {}\n", done.error().describe());
        std::exit(1);
    }
    return std::move(*done);
}

/// As int8, each layer on a scale of its own.
Bytes quantized(const model::Network& network, const model::Dataset& calibration) {
    std::vector<float> steps;
    for (const auto& layer : network.layers) {
        float largest = 0;
        for (const float weight : layer.weights.values) {
            largest = std::max(largest, std::abs(weight));
        }
        steps.push_back(largest / 127);
    }
    return model::to_int8_file(model::on_grid(network, steps),
                               calibration.part(0, 4 * kCalibrated).inputs);
}

void report(World& world, std::string_view name, double lambda, const model::Compressed& done) {
    const auto& last = done.stages.back();
    const double error = 1 - *done.evaluation.accuracy_after;
    say(world, fmt::format("{:<24} {:>8} {:>8} {:>8.2f} {:>10.2f}", name, last.packed_bytes,
                           *last.delta_bytes, 100 * error, 100 * done.evaluation.agreement));
    world.json += fmt::format(
        "{}{{\"name\": \"{}\", \"lambda\": {}, \"full_bytes\": {}, \"delta_bytes\": {}, "
        "\"error\": {:.4f}, \"agreement\": {:.4f}}}",
        world.json.back() == '[' ? "" : ", ", name, lambda, last.packed_bytes, *last.delta_bytes,
        error, done.evaluation.agreement);
}

}  // namespace

void run_drift(World& world) {
    const model::Dataset train = turned(world.train);
    const model::Dataset test = turned(world.test);
    model::TrainOptions options;
    options.epochs = 3;
    options.learning_rate = 3e-4;
    options.seed = 4;
    const model::Network tuned = model::train(world.dense, train, options, {});
    model::CompressInput input;
    input.file = quantized(tuned, train);
    input.base = quantized(world.dense, world.train);
    input.calibration = samples_of(train.part(0, kCalibrated));
    input.evaluation = samples_of(test);
    say(world, fmt::format("\nimages turned by {} degrees: the dense network has {:.2f} % error, "
                           "trained on {:.2f} %; as int8, for devices that have it as int8\n"
                           "{:<24} {:>8} {:>8} {:>8} {:>10}",
                           kDegrees, 100 * model::error_rate(world.dense, test),
                           100 * model::error_rate(tuned, test), "", "full B", "delta B", "% error",
                           "agreement"));
    world.json += ", \"drift\": [";
    for (const double lambda : {0.0, 1e-6, 3e-6, 6e-6, 1e-5}) {
        model::DeltaOptions delta;
        delta.lambda = lambda;
        report(world, lambda == 0 ? "lossless" : fmt::format("lambda {}", lambda), lambda,
               compressed(input, {delta}));
    }
    world.json += "]";
}

}  // namespace frugal::bench
