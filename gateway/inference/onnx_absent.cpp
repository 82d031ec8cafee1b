// SPDX-License-Identifier: Apache-2.0
// In the place of onnx.cpp where OpenCV is not there at build time.
#include "inference/onnx.hpp"

namespace frugal::inference {

struct OnnxNetwork::Network {};

OnnxNetwork::OnnxNetwork(std::unique_ptr<Network> network) : network_(std::move(network)) {}
OnnxNetwork::OnnxNetwork(OnnxNetwork&&) noexcept = default;
OnnxNetwork& OnnxNetwork::operator=(OnnxNetwork&&) noexcept = default;
OnnxNetwork::~OnnxNetwork() = default;

std::size_t OnnxNetwork::input_size() const {
    return 0;
}
std::size_t OnnxNetwork::class_count() const {
    return 0;
}

base::Result<OnnxNetwork> OnnxNetwork::load(base::ByteView) {
    return base::fail(base::ErrorKind::kUnsupported, "model: this build cannot run ONNX files",
                      "it was made without OpenCV's DNN module",
                      "upload a .tflite, or build with libopencv-dnn-dev and -DFRUGAL_ONNX=ON");
}

base::Result<std::vector<float>> OnnxNetwork::run(base::ByteView) {
    return base::fail(base::ErrorKind::kUnsupported, "model: this build cannot run ONNX files");
}

}  // namespace frugal::inference
