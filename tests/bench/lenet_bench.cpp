// SPDX-License-Identifier: Apache-2.0
// lenet_bench [--json] [--data FOLDER] [--keep FILE] [curves|paper|one-shot|retrain|drift]...
// LeNet-300-100 made smaller: pruning curves without retraining, the stages of Deep Compression in
// real bytes, prune and quantize in one shot, with retraining, and as a delta to the version before
// when the images drifted. What counts as size is an int8
// .tflite as the model codec encodes it; its error is that of the device's runtime on the test
// images. --keep stores the trained network between runs.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "bench/lenet/curves.hpp"
#include "bench/lenet/drift.hpp"
#include "bench/lenet/idx_data.hpp"
#include "bench/lenet/paper_stages.hpp"
#include "bench/lenet/world.hpp"
#include "model/compress/grid_network.hpp"
#include "model/compress/pipeline.hpp"
#include "model/compress/samples_file.hpp"
#include "model/compress/trainer.hpp"
#include "support/model_files.hpp"

namespace {

namespace fs = std::filesystem;
namespace model = frugal::model;
using frugal::base::Bytes;
using frugal::bench::Options;
using frugal::bench::say;
using frugal::bench::World;
using model::Dataset;
using model::Matrix;
using model::Network;

constexpr std::size_t kTrained = 55000;  // images; the other 5,000 are held back

void say_progress(const World& world, const char* what, const model::TrainProgress& progress) {
    if (!world.options.json) {
        fmt::print(stderr, "\r{} {}/{}: loss {:.4f}, density {:.3f} {}", what, progress.epoch,
                   progress.epochs, progress.loss, progress.density,
                   progress.epoch == progress.epochs ? "\n" : "");
    }
}

void write_network(const Network& network, const fs::path& path) {
    std::ofstream out(path, std::ios::binary);
    for (const auto& layer : network.layers) {
        for (const auto* values : {&layer.weights.values, &layer.bias}) {
            out.write(reinterpret_cast<const char*>(values->data()),
                      static_cast<std::streamsize>(4 * values->size()));
        }
    }
}

bool read_network(Network& network, const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    for (auto& layer : network.layers) {
        for (auto* values : {&layer.weights.values, &layer.bias}) {
            in.read(reinterpret_cast<char*>(values->data()),
                    static_cast<std::streamsize>(4 * values->size()));
        }
    }
    return static_cast<bool>(in);
}

void make_dense(World& world) {
    world.dense = model::random_network({784, 300, 100, 10}, 1);
    if (world.options.keep.empty() || !read_network(world.dense, world.options.keep)) {
        model::TrainOptions options;
        options.epochs = 20;
        world.dense =
            model::train(model::random_network({784, 300, 100, 10}, 1), world.train, options,
                         [&](const auto& progress) { say_progress(world, "training", progress); });
        if (!world.options.keep.empty()) {
            write_network(world.dense, world.options.keep);
        }
    }
    world.dense_error = model::error_rate(world.dense, world.test);
    world.dense_held_back_error = model::error_rate(world.dense, world.held_back);
    say(world, fmt::format("dense: {} weights, {:.2f} % error (held back {:.2f} %)",
                           world.dense.weight_count(), 100 * world.dense_error,
                           100 * world.dense_held_back_error));
}

// The paper's stages ------------------------------------------------------------------------------

void run_paper(World& world) {
    model::TrainOptions options;
    options.epochs = 36;
    options.density = 0.0565;
    options.dropout = 0.1;
    const model::Chain teacher = model::chain_of(world.dense);
    options.teacher = &teacher;
    options.seed = 2;
    const Network pruned =
        model::train(world.dense, world.train, options,
                     [&](const auto& progress) { say_progress(world, "pruning", progress); });
    const auto stages = frugal::bench::paper_stages(pruned, {6, 6, 6});
    const double pruned_error = model::error_rate(pruned, world.test);
    const double shared_error = model::error_rate(stages.network, world.test);
    say(world, fmt::format("\nDeep Compression's own stages (magnitude, distillation, k-means, "
                           "Huffman)\nstage             bytes   ratio  % error   paper"));
    const auto line = [&](const char* name, std::size_t bytes, double error, const char* paper) {
        say(world, fmt::format("{:<14} {:>8}  {:>5.1f}x  {:>7.2f}   {}", name, bytes,
                               static_cast<double>(stages.dense) / static_cast<double>(bytes),
                               100 * error, paper));
    };
    line("dense", stages.dense, world.dense_error, "1.64 %");
    line("prune", stages.pruned, pruned_error, "12x");
    line("+ quantize", stages.shared, shared_error, "32x");
    line("+ Huffman", stages.huffman, shared_error, "40x, 1.58 %");
    world.json += fmt::format(
        ", \"paper\": {{\"dense_bytes\": {}, \"pruned_bytes\": {}, \"shared_bytes\": {}, "
        "\"huffman_bytes\": {}, \"pruned_error\": {:.4f}, \"error\": {:.4f}}}",
        stages.dense, stages.pruned, stages.shared, stages.huffman, pruned_error, shared_error);
}

// What is sent ------------------------------------------------------------------------------------

struct Sent {
    std::size_t bytes = 0;
    double error = 0;
    double density = 0;
};

/// Encodes the network as the gateway does and runs it as a device does.
Sent send(const World& world, const model::GridNetwork& network) {
    const Bytes file = model::to_int8_file(network, world.train.part(0, 4000).inputs);
    Sent sent;
    const auto packed = model::packed_size(file);
    const auto format = model::input_format(file);
    if (!packed || !format) {
        fmt::print(stderr, "lenet_bench: the network cannot be encoded\n");
        std::exit(1);
    }
    model::Samples samples;
    samples.labels.assign(world.test.labels.begin(), world.test.labels.end());
    for (std::size_t row = 0; row < world.test.inputs.rows; ++row) {
        Bytes input;
        for (const float value : world.test.inputs.row(row)) {
            input.push_back(static_cast<std::uint8_t>(static_cast<int>(value * 255 + 0.5F) - 128));
        }
        samples.inputs.push_back(std::move(input));
    }
    const auto evaluation = model::evaluate(file, file, samples);
    if (!evaluation) {
        fmt::print(stderr, "lenet_bench: {}\n", evaluation.error().describe());
        std::exit(1);
    }
    sent.bytes = *packed;
    sent.error = 1 - *evaluation->accuracy_after;
    const Network real = model::dequantized(network);
    sent.density =
        static_cast<double>(real.nonzero_count()) / static_cast<double>(real.weight_count());
    return sent;
}

void report(World& world, const std::string& name, const model::GridNetwork& network) {
    const Sent sent = send(world, network);
    const auto dense =
        static_cast<double>(4 * (world.dense.weight_count() + world.dense.bias_count()));
    const double held = model::error_rate(model::dequantized(network), world.held_back);
    say(world, fmt::format("{:<34} {:>7} {:>6.1f}x  {:>7.2f}  {:>7.3f}   {:.2f}", name, sent.bytes,
                           dense / static_cast<double>(sent.bytes), 100 * sent.error, sent.density,
                           100 * held));
    world.json += fmt::format(
        "{}{{\"name\": \"{}\", \"bytes\": {}, \"ratio\": {:.2f}, \"error\": {:.4f}, "
        "\"held_back_error\": {:.4f}, \"density\": {:.4f}}}",
        world.json.back() == '[' ? "" : ", ", name, sent.bytes,
        dense / static_cast<double>(sent.bytes), sent.error, held, sent.density);
}

void say_heading(const World& world, const char* title) {
    say(world, fmt::format("\n{}\n{:<34} {:>7} {:>7}  {:>7}  {:>7}   {}", title, "", "bytes",
                           "ratio", "% error", "density", "held back"));
}

void run_one_shot(World& world) {
    const Matrix& inputs = world.train.inputs;
    say_heading(world, "one shot, no labels, no retraining: int8 .tflite, encoded, run as int8");
    world.json += ", \"one_shot\": [";
    struct Point {
        std::vector<double> steps;
        double lambda;
    };
    // Chosen on the held-back images, among about twenty.
    for (const Point& point : {Point{{1.5, 1.5, 0.6}, 2e-5}, Point{{2.2, 1.6, 0.6}, 2e-5},
                               Point{{3, 1.8, 0.6}, 2e-5}, Point{{3.5, 2, 0.7}, 1.5e-5}}) {
        model::OneShotOptions options;
        options.steps = point.steps;
        options.lambda = point.lambda;
        report(world,
               fmt::format("steps {} {} {}, lambda {}", point.steps[0], point.steps[1],
                           point.steps[2], point.lambda),
               model::compress_one_shot(world.dense, inputs, options));
    }
    world.json += "]";
}

/// One way to retrain; the levels are tried on the same pruned network.
struct Retraining {
    double density;
    int shift;  ///< pixels the training images are moved by, at most
    std::vector<int> level_max;
};

model::TrainOptions retraining_options(const Retraining& how, const model::Chain& teacher) {
    model::TrainOptions options;
    options.teacher = &teacher;
    options.teacher_share = how.shift > 0 ? 0.5 : 0.7;
    options.shifting = {{28, 28, 1}, how.shift};
    options.seed = 3;
    return options;
}

Network prune_with_retraining(const World& world, const Retraining& how,
                              const model::Chain& teacher) {
    model::TrainOptions options = retraining_options(how, teacher);
    options.epochs = 36;
    options.density = how.density;
    options.dropout = how.shift > 0 ? 0.05 : 0.1;
    return model::train(world.dense, world.train, options,
                        [&](const auto& progress) { say_progress(world, "pruning", progress); });
}

model::GridNetwork quantize_with_retraining(const World& world, const Retraining& how,
                                            const model::Chain& teacher, const Network& pruned,
                                            int level_max) {
    model::TrainOptions options = retraining_options(how, teacher);
    options.epochs = 10;
    options.learning_rate = 3e-4;
    options.dropout = 0.05;
    options.level_max = level_max;
    for (const auto& layer : pruned.layers) {
        options.steps.push_back(model::best_step(layer.weights, level_max));
    }
    const Network gridded = model::train(pruned, world.train, options, [&](const auto& progress) {
        say_progress(world, "quantizing", progress);
    });
    return model::on_grid(gridded, options.steps);
}

void run_retrain(World& world) {
    say_heading(world, "with retraining: magnitude, distillation, weights trained on their grid");
    world.json += ", \"retrained\": [";
    const model::Chain teacher = model::chain_of(world.dense);
    for (const Retraining& how :
         {Retraining{0.07, 0, {7}}, Retraining{0.05, 1, {7, 3}}, Retraining{0.04, 1, {7, 3}}}) {
        const Network pruned = prune_with_retraining(world, how, teacher);
        for (const int level_max : how.level_max) {
            report(world,
                   fmt::format("density {}, {} levels{}", how.density, 2 * level_max + 1,
                               how.shift > 0 ? ", shifted" : ""),
                   quantize_with_retraining(world, how, teacher, pruned, level_max));
        }
    }
    world.json += "]";
}

Options parse(int argc, char** argv) {
    Options options;
    options.data = frugal::test::shared_folder() / "data" / "mnist";
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--json") {
            options.json = true;
        } else if (word == "--data" && i + 1 < argc) {
            options.data = argv[++i];
        } else if (word == "--keep" && i + 1 < argc) {
            options.keep = argv[++i];
        } else {
            options.parts.insert(word);
        }
    }
    if (options.parts.empty()) {
        options.parts = {"curves", "paper", "one-shot", "retrain", "drift"};
    }
    return options;
}

}  // namespace

int main(int argc, char** argv) {
    World world;
    world.options = parse(argc, argv);
    const Dataset all = frugal::bench::read_images(world.options.data, "train");
    world.test = frugal::bench::read_images(world.options.data, "t10k");
    if (all.inputs.rows <= kTrained || world.test.inputs.rows == 0) {
        fmt::print(stderr, "lenet_bench: {}: no idx images\n", world.options.data.string());
        return 2;
    }
    world.train = all.part(0, kTrained);
    world.held_back = all.part(kTrained, all.inputs.rows - kTrained);
    make_dense(world);
    world.json = fmt::format(
        "\"data\": \"{}\", \"dense_error\": {:.4f}, \"dense_held_back_error\": {:.4f}",
        world.options.data.filename().string(), world.dense_error, world.dense_held_back_error);
    const auto& parts = world.options.parts;
    const std::pair<const char*, void (*)(World&)> known[] = {{"curves", frugal::bench::run_curves},
                                                              {"paper", run_paper},
                                                              {"one-shot", run_one_shot},
                                                              {"retrain", run_retrain},
                                                              {"drift", frugal::bench::run_drift}};
    for (const auto& [name, run] : known) {
        if (parts.count(name) != 0) {
            run(world);
        }
    }
    if (world.options.json) {
        fmt::print("{{{}}}\n", world.json);
    }
    return 0;
}
