// SPDX-License-Identifier: Apache-2.0
// delta_bench [--json] [--data FOLDER] [--recipe FILE]: the second version of the project's own
// small model for devices that have the first: whole, as a lossless delta, and brought near the
// first by the recipe, which is judged on training images and reported on the test images. FOLDER
// holds Fashion-MNIST as Debian's dataset-fashion-mnist does.
#include <fmt/format.h>

#include <chrono>
#include <string>

#include "bench/lenet/idx_data.hpp"
#include "model/compress/pipeline.hpp"
#include "support/model_files.hpp"

namespace {

namespace model = frugal::model;
using frugal::base::Bytes;

constexpr std::size_t kCalibrated = 256;
constexpr std::size_t kJudged = 2000;

struct Options {
    bool json = false;
    std::string data = "/usr/share/datasets/fashion-mnist";
    std::string recipe = FRUGAL_SOURCE_DIR "/config/recipes/delta.toml";
};

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        if (name == "--json") {
            options.json = true;
        } else if (i + 1 < argc) {
            (name == "--data" ? options.data : options.recipe) = argv[++i];
        }
    }
    return options;
}

int failed(const std::string& text) {
    fmt::print(stderr, "delta_bench: {}\n", text);
    return 1;
}

void print(const Options& options, const model::Compressed& done, const model::Evaluation& test,
           double seconds) {
    const std::uint64_t full = done.packed_bytes_before;
    const std::uint64_t lossless = *done.delta_bytes_before;
    const std::uint64_t lossy = *done.stages.back().delta_bytes;
    if (options.json) {
        fmt::print(
            "{{\"name\": \"fashion-small-2\", \"full_bytes\": {}, \"lossless_bytes\": {}, "
            "\"delta_bytes\": {}, \"inputs\": {}, \"agreement\": {:.4f}, "
            "\"accuracy_before\": {:.4f}, \"accuracy_after\": {:.4f}, \"seconds\": {:.1f}}}\n",
            full, lossless, lossy, test.inputs, test.agreement, *test.accuracy_before,
            *test.accuracy_after, seconds);
        return;
    }
    fmt::print(
        "fashion-small-2 for devices with fashion-small-1\n"
        "  whole {} B, lossless delta {} B, recipe's delta {} B\n"
        "  {} test images: agreement {:.2f} %, accuracy {:.2f} % -> {:.2f} %; {:.1f} s\n",
        full, lossless, lossy, test.inputs, 100 * test.agreement, 100 * *test.accuracy_before,
        100 * *test.accuracy_after, seconds);
}

}  // namespace

int main(int argc, char** argv) {
    const Options options = parse(argc, argv);
    const model::Dataset images = frugal::bench::read_images(options.data, "train");
    const model::Dataset test_images = frugal::bench::read_images(options.data, "t10k");
    if (images.inputs.rows < kCalibrated + kJudged || test_images.inputs.rows == 0) {
        return failed(options.data + ": no idx images");
    }
    model::CompressInput input;
    input.file = frugal::test::project_model("fashion-small-2.tflite");
    input.base = frugal::test::project_model("fashion-small-1.tflite");
    input.calibration = frugal::bench::samples_of(images.part(0, kCalibrated));
    input.evaluation = frugal::bench::samples_of(images.part(kCalibrated, kJudged));
    const auto begin = std::chrono::steady_clock::now();
    const Bytes text = frugal::test::read_file(options.recipe);
    const auto recipe = model::parse_recipe(frugal::base::as_text(text), options.recipe);
    const auto done = recipe
                          ? model::compress(input, *recipe, {})
                          : frugal::base::Result<model::Compressed>(tl::unexpected(recipe.error()));
    if (!done) {
        return failed(done.error().describe());
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    const auto test =
        model::evaluate(input.file, done->file, frugal::bench::samples_of(test_images));
    if (!test) {
        return failed(test.error().describe());
    }
    print(options, *done, *test, taken.count());
    return 0;
}
