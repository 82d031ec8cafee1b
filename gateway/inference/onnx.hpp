// SPDX-License-Identifier: Apache-2.0
// A classifier in ONNX, run by OpenCV's DNN module: for networks bigger than the devices' runtime
// takes. OpenCV sits in a library of its own (onnx_library.hpp); without it every ONNX file is
// refused and the cause is named. Owned by an Engine, one thread at a time. An input is overwritten
// before run() returns.
#pragma once

#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace frugal::inference {

struct OnnxLibrary;

class OnnxNetwork {
public:
    /// Reads the network and runs it once. One float input of fixed shape, one output of 2 to 64
    /// probabilities. kUnsupported, kInvalidInput.
    static base::Result<OnnxNetwork> load(base::ByteView bytes);

    /// The probabilities for one device input: int8 values, read as (value + 128) / 255 in the
    /// order of the network's input. kInvalidInput for another size, kInternal.
    base::Result<std::vector<float>> run(base::ByteView input);

    std::size_t input_size() const { return input_.size(); }
    std::size_t class_count() const { return class_count_; }

private:
    struct Close {
        const OnnxLibrary* library;
        void operator()(void* network) const;
    };
    using Handle = std::unique_ptr<void, Close>;
    OnnxNetwork(Handle network, std::size_t input_size);

    Handle network_;
    std::vector<float> input_;
    std::size_t class_count_ = 0;
};

}  // namespace frugal::inference
