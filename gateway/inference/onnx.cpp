// SPDX-License-Identifier: Apache-2.0
#include "inference/onnx.hpp"

#include <fmt/format.h>

#include <cmath>
#include <opencv2/dnn.hpp>

#include "frugal/limits.h"
#include "inference/onnx_format.hpp"

namespace frugal::inference {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

constexpr float kSumTolerance = 0.02F;

std::string reason_of(const cv::Exception& exception) {
    return exception.err.substr(0, 200);
}

Result<void> check_probabilities(const std::vector<float>& output) {
    if (output.size() < 2 || output.size() > FR_CLASSES_MAX) {
        return fail(ErrorKind::kUnsupported,
                    fmt::format("model: its output has {} elements", output.size()),
                    "a classifier has 2 to 64 classes");
    }
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

struct OnnxNetwork::Network {
    cv::dnn::Net net;
    cv::Mat input;
    std::size_t class_count = 0;
};

OnnxNetwork::OnnxNetwork(std::unique_ptr<Network> network) : network_(std::move(network)) {}
OnnxNetwork::OnnxNetwork(OnnxNetwork&&) noexcept = default;
OnnxNetwork& OnnxNetwork::operator=(OnnxNetwork&&) noexcept = default;
OnnxNetwork::~OnnxNetwork() = default;

std::size_t OnnxNetwork::input_size() const {
    return network_->input.total();
}
std::size_t OnnxNetwork::class_count() const {
    return network_->class_count;
}

Result<OnnxNetwork> OnnxNetwork::load(base::ByteView bytes) {
    const auto shape = onnx_input_shape(bytes);
    if (!shape) {
        return tl::unexpected<base::Error>(shape.error());
    }
    auto network = std::make_unique<Network>();
    try {
        cv::setNumThreads(1);  // the workers are the threads
        network->net =
            cv::dnn::readNetFromONNX(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        network->input = cv::Mat(*shape, CV_32F, cv::Scalar(0));
    } catch (const cv::Exception& exception) {
        return fail(ErrorKind::kInvalidInput, "model: OpenCV cannot read this ONNX file",
                    reason_of(exception), "export it with an older opset and fixed shapes");
    }
    OnnxNetwork loaded(std::move(network));
    const auto warm = loaded.run(base::Bytes(loaded.network_->input.total(), std::uint8_t{0x80}));
    if (!warm) {
        return tl::unexpected<base::Error>(warm.error());
    }
    loaded.network_->class_count = warm->size();
    return loaded;
}

Result<std::vector<float>> OnnxNetwork::run(base::ByteView input) {
    if (input.size() != input_size()) {
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("input: {} bytes, the model takes {}", input.size(), input_size()));
    }
    float* value = network_->input.ptr<float>();
    for (const std::uint8_t byte : input) {
        *value++ = static_cast<float>(static_cast<std::int8_t>(byte) + 128) / 255;
    }
    std::vector<float> probabilities;
    try {
        network_->net.setInput(network_->input);
        const cv::Mat output = network_->net.forward();
        if (output.type() == CV_32F && output.isContinuous()) {
            probabilities.assign(output.ptr<float>(), output.ptr<float>() + output.total());
        }
        network_->input.setTo(0);
        network_->net.setInput(network_->input);
    } catch (const cv::Exception& exception) {
        network_->input.setTo(0);
        return fail(ErrorKind::kInternal, "model: OpenCV cannot run it", reason_of(exception));
    }
    if (const auto checked = check_probabilities(probabilities); !checked) {
        return tl::unexpected<base::Error>(checked.error());
    }
    return probabilities;
}

}  // namespace frugal::inference
