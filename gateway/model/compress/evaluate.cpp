// SPDX-License-Identifier: Apache-2.0
#include "model/compress/evaluate.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "model/compress/numeric.hpp"
#include "model/compress/replay.hpp"

namespace frugal::model {

using base::Bytes;
using base::ByteView;
using base::Result;

namespace {

constexpr std::size_t kChunk = 64;  // inputs run side by side: bounds the memory of the arenas

std::uint32_t class_of(const std::vector<float>& output) {
    if (output.size() == 1) {
        return output[0] > 0.5F ? 1 : 0;
    }
    return static_cast<std::uint32_t>(std::max_element(output.begin(), output.end()) -
                                      output.begin());
}

bool is_finite(const std::vector<float>& output) {
    return std::ranges::all_of(output, [](float value) { return std::isfinite(value); });
}

/// Sums over all inputs, chunk by chunk.
class Comparer {
public:
    Comparer(const Comparison& models, const Samples& samples)
        : models_(models), samples_(samples) {}

    Result<void> run(std::size_t first, std::size_t count) {
        const auto& given =
            models_.inputs_compressed != nullptr ? *models_.inputs_compressed : samples_.inputs;
        auto before = open(models_.original, samples_.inputs, first, count);
        auto after = before ? open(models_.compressed, given, first, count)
                            : Result<Replay>(tl::unexpected(before.error()));
        if (!after) {
            return tl::unexpected(after.error());
        }
        auto done = before->advance(before->operator_count());
        done = done ? after->advance(after->operator_count()) : done;
        for (std::size_t i = 0; done && i < count; ++i) {
            done = add(*before, *after, i, first + i);
        }
        return done;
    }

    Evaluation result() const {
        Evaluation evaluation;
        const auto count = static_cast<double>(samples_.inputs.size());
        evaluation.inputs = samples_.inputs.size();
        evaluation.agreement = static_cast<double>(agreed_) / count;
        evaluation.classes = classes_;
        evaluation.classes_answered = answered_.size();
        evaluation.output_snr_db = snr_db(signal_, noise_);
        if (!samples_.labels.empty()) {
            evaluation.accuracy_before = static_cast<double>(right_before_) / count;
            evaluation.accuracy_after = static_cast<double>(right_after_) / count;
        }
        return evaluation;
    }

private:
    Result<Replay> open(ByteView file, const std::vector<Bytes>& inputs, std::size_t first,
                        std::size_t count) const {
        const auto from = inputs.begin() + static_cast<std::ptrdiff_t>(first);
        return Replay::open(Bytes(file.begin(), file.end()),
                            {from, from + static_cast<std::ptrdiff_t>(count)}, models_.operators);
    }

    Result<void> add(const Replay& before, const Replay& after, std::size_t at,
                     std::size_t sample) {
        auto read = before.read_output(at, 0, expected_);
        read = read ? after.read_output(at, 0, given_) : read;
        if (!read || expected_.size() != given_.size()) {
            return read ? base::fail(base::ErrorKind::kInvalidInput,
                                     "evaluation: the two models have different outputs")
                        : read;
        }
        if (!is_finite(expected_)) {
            return base::fail(base::ErrorKind::kInvalidInput,
                              fmt::format("evaluation: the original's answer to input {} is not "
                                          "finite",
                                          sample),
                              "there is nothing to hold the compressed model against",
                              "Leave that input out, or look for NaN in the model's weights.");
        }
        if (!is_finite(given_)) {
            return base::fail(base::ErrorKind::kConflict,
                              fmt::format("gate: the compressed model's answer to input {} is not "
                                          "finite",
                                          sample),
                              "the model was compressed too far",
                              "Use a smaller step or lambda, or other calibration inputs.");
        }
        for (std::size_t i = 0; i < given_.size(); ++i) {
            const double error = static_cast<double>(given_[i] - expected_[i]);
            signal_ += static_cast<double>(expected_[i]) * static_cast<double>(expected_[i]);
            noise_ += error * error;
        }
        classes_ = std::max<std::size_t>(expected_.size(), 2);
        const std::uint32_t expected = class_of(expected_);
        answered_.insert(expected);
        const std::uint32_t given = class_of(given_);
        agreed_ += expected == given ? 1 : 0;
        if (!samples_.labels.empty()) {
            if (samples_.labels[sample] >= classes_) {
                return no_class(sample, samples_.labels[sample], classes_);
            }
            right_before_ += expected == samples_.labels[sample] ? 1 : 0;
            right_after_ += given == samples_.labels[sample] ? 1 : 0;
        }
        return {};
    }

    const Comparison& models_;
    const Samples& samples_;
    std::vector<float> expected_;
    std::vector<float> given_;
    std::size_t agreed_ = 0;
    std::size_t classes_ = 0;
    std::set<std::uint32_t> answered_;
    std::size_t right_before_ = 0;
    std::size_t right_after_ = 0;
    double signal_ = 0;
    double noise_ = 0;
};

}  // namespace

tl::unexpected<base::Error> no_class(std::size_t sample, std::uint32_t label, std::size_t classes) {
    return base::fail(base::ErrorKind::kInvalidInput,
                      fmt::format("evaluation: input {} has the label {}, but the model "
                                  "tells {} classes apart",
                                  sample, label, classes),
                      {}, "Give the labels of these inputs, counted from 0.");
}

Result<Evaluation> evaluate(const Comparison& models, const Samples& samples) {
    if (samples.inputs.empty()) {
        return base::fail(base::ErrorKind::kInvalidInput, "evaluation: there are no inputs");
    }
    Comparer comparer(models, samples);
    for (std::size_t first = 0; first < samples.inputs.size(); first += kChunk) {
        const auto done = comparer.run(first, std::min(kChunk, samples.inputs.size() - first));
        if (!done) {
            return tl::unexpected(done.error());
        }
    }
    return comparer.result();
}

Result<Evaluation> evaluate(ByteView original, ByteView compressed, const Samples& samples) {
    return evaluate(Comparison{original, compressed}, samples);
}

}  // namespace frugal::model
