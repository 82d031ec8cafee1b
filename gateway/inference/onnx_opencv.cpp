// SPDX-License-Identifier: Apache-2.0
// libfrugal_onnx.so: the only file that knows OpenCV. Its exceptions end here.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <opencv2/dnn.hpp>

#include "inference/onnx_library.hpp"

namespace frugal::inference {

namespace {

struct Network {
    cv::dnn::Net net;
    cv::Mat input;
};

void say(OnnxReason* reason, const char* text) {
    std::snprintf(reason->text, sizeof(reason->text), "%s", text);
}

void* open(const std::uint8_t* model, std::size_t size, const int* shape, std::size_t dimensions,
           OnnxReason* reason) {
    try {
        cv::setNumThreads(1);  // the workers are the threads
        auto network = std::make_unique<Network>();
        network->net = cv::dnn::readNetFromONNX(reinterpret_cast<const char*>(model), size);
        network->input = cv::Mat(static_cast<int>(dimensions), shape, CV_32F, cv::Scalar(0));
        return network.release();
    } catch (const cv::Exception& exception) {
        say(reason, exception.err.c_str());
    } catch (const std::exception& exception) {
        say(reason, exception.what());
    }
    return nullptr;
}

std::size_t copy(const cv::Mat& from, float* to, std::size_t capacity, OnnxReason* reason) {
    if (from.type() != CV_32F || !from.isContinuous() || from.total() == 0) {
        say(reason, "its output is no plain list of float32");
        return 0;
    }
    std::copy_n(from.ptr<float>(), std::min(capacity, from.total()), to);
    return from.total();
}

/// The input leaves the network, too: OpenCV keeps a reference or a copy of it.
void forget_input(Network& network) {
    network.input.setTo(0);
    network.net.setInput(network.input);
}

std::size_t run(void* handle, const float* input, std::size_t count, float* output,
                std::size_t capacity, OnnxReason* reason) {
    auto& network = *static_cast<Network*>(handle);
    if (count != network.input.total()) {
        say(reason, "the input has another size");
        return 0;
    }
    std::size_t written = 0;
    try {
        std::copy_n(input, count, network.input.ptr<float>());
        network.net.setInput(network.input);
        written = copy(network.net.forward(), output, capacity, reason);
        forget_input(network);
        return written;
    } catch (const cv::Exception& exception) {
        say(reason, exception.err.c_str());
    } catch (const std::exception& exception) {
        say(reason, exception.what());
    }
    network.input.setTo(0);
    return 0;
}

void close(void* handle) {
    delete static_cast<Network*>(handle);
}

}  // namespace

extern "C" {
extern const OnnxLibrary frugal_onnx;
const OnnxLibrary frugal_onnx{kOnnxVersion, open, run, close};
}

}  // namespace frugal::inference
