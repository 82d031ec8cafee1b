// SPDX-License-Identifier: Apache-2.0
// A classifier in ONNX, run by OpenCV's DNN module: for networks bigger than the devices' runtime
// takes. Only onnx.cpp knows OpenCV, and its exceptions end there; a build without OpenCV refuses
// every ONNX file and says so. Owned by an Engine, one thread at a time. An input is overwritten
// before run() returns.
#pragma once

#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace frugal::inference {

class OnnxNetwork {
public:
    /// Reads the network and runs it once. One float input of fixed shape, one output of 2 to 64
    /// probabilities. kUnsupported, kInvalidInput.
    static base::Result<OnnxNetwork> load(base::ByteView bytes);

    OnnxNetwork(OnnxNetwork&&) noexcept;
    OnnxNetwork& operator=(OnnxNetwork&&) noexcept;
    ~OnnxNetwork();

    /// The probabilities for one device input: int8 values, read as (value + 128) / 255 in the
    /// order of the network's input. kInvalidInput for another size, kInternal.
    base::Result<std::vector<float>> run(base::ByteView input);

    std::size_t input_size() const;
    std::size_t class_count() const;

private:
    struct Network;
    explicit OnnxNetwork(std::unique_ptr<Network> network);

    std::unique_ptr<Network> network_;
};

}  // namespace frugal::inference
