// SPDX-License-Identifier: Apache-2.0
#include "inference/onnx.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "frugal/limits.h"
#include "inference/onnx_format.hpp"
#include "inference/onnx_library.hpp"

namespace frugal::inference {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

constexpr float kSumTolerance = 0.02F;

Result<void> check_probabilities(const std::vector<float>& output) {
    float sum = 0;
    for (const float value : output) {
        sum += value;
        if (!std::isfinite(value) || value < 0) {
            sum = -1;
            break;
        }
    }
    if (std::abs(sum - 1) > kSumTolerance) {
        return fail(ErrorKind::kUnsupported, "model: its output is no list of class probabilities",
                    "they do not add up to 1", "end the model with a softmax");
    }
    return {};
}

}  // namespace

void OnnxNetwork::Close::operator()(void* network) const {
    library->close(network);
}

OnnxNetwork::OnnxNetwork(Handle network, std::size_t input_size)
    : network_(std::move(network)), input_(input_size) {}

Result<OnnxNetwork> OnnxNetwork::load(base::ByteView bytes) {
    const auto shape = onnx_input_shape(bytes);
    if (!shape) {
        return tl::unexpected<base::Error>(shape.error());
    }
    const auto library = onnx_library();
    if (!library) {
        return tl::unexpected<base::Error>(library.error());
    }
    OnnxReason reason{};
    Handle network(
        (*library)->open(bytes.data(), bytes.size(), shape->data(), shape->size(), &reason),
        Close{*library});
    if (network == nullptr) {
        return fail(ErrorKind::kInvalidInput, "model: OpenCV cannot read this ONNX file",
                    reason.text, "export it with an older opset and fixed shapes");
    }
    const auto values = std::accumulate(shape->begin(), shape->end(), std::size_t{1},
                                        std::multiplies<std::size_t>());
    OnnxNetwork loaded(std::move(network), values);
    const auto warm = loaded.run(base::Bytes(values, std::uint8_t{0x80}));
    if (!warm) {
        return tl::unexpected<base::Error>(warm.error());
    }
    loaded.class_count_ = warm->size();
    return loaded;
}

Result<std::vector<float>> OnnxNetwork::run(base::ByteView input) {
    if (input.size() != input_.size()) {
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("input: {} bytes, the model takes {}", input.size(), input_size()));
    }
    std::transform(input.begin(), input.end(), input_.begin(), [](std::uint8_t byte) {
        return static_cast<float>(static_cast<std::int8_t>(byte) + 128) / 255;
    });
    std::vector<float> probabilities(FR_CLASSES_MAX);
    OnnxReason reason{};
    const auto count =
        network_.get_deleter().library->run(network_.get(), input_.data(), input_.size(),
                                            probabilities.data(), probabilities.size(), &reason);
    std::fill(input_.begin(), input_.end(), 0.0F);
    if (count == 0) {
        return fail(ErrorKind::kInternal, "model: OpenCV cannot run it", reason.text);
    }
    if (count < 2 || count > FR_CLASSES_MAX) {
        return fail(ErrorKind::kUnsupported,
                    fmt::format("model: its output has {} elements", count),
                    "a classifier has 2 to 64 classes");
    }
    probabilities.resize(count);
    if (const auto checked = check_probabilities(probabilities); !checked) {
        return tl::unexpected<base::Error>(checked.error());
    }
    return probabilities;
}

}  // namespace frugal::inference
