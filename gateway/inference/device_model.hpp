// SPDX-License-Identifier: Apache-2.0
// A model as a node runs it, whichever form it has: a .tflite in the interpreter, or a Bonsai tree.
// What it takes and what it needs is what the node finds too, so a manifest can state it. Owned by
// who loaded it; one thread at a time. An input is never stored.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "frugal/bonsai.h"
#include "inference/loaded_model.hpp"

namespace frugal::inference {

struct DeviceNeeds {
    std::uint32_t arena_bytes = 0;
    std::uint32_t state_bytes = 0;  ///< 0 unless the model is a streaming one
    std::uint32_t work = 0;         ///< multiply-accumulates of one inference
    std::uint32_t input_bytes = 0;
    std::uint32_t classes = 0;
    std::vector<std::uint32_t> operators;  ///< code * 256 + version, ascending
};

class DeviceModel {
public:
    /// Takes the bytes. kInvalidInput for a malformed model, kUnsupported for one the device
    /// runtime cannot run (naming what is missing), kLimit for one too large.
    static base::Result<DeviceModel> load(base::Bytes bytes);

    const DeviceNeeds& needs() const { return needs_; }

    /// Runs one input from a fresh state and gives all outputs, one after another, as a node's
    /// self-test hashes them. kInvalidInput for a wrong size.
    base::Result<base::Bytes> run(base::ByteView input);

private:
    struct Tree {
        base::Bytes bytes;
        fr_bonsai_t model{};  ///< points into the bytes
    };
    using Form = std::variant<LoadedModel, Tree>;

    DeviceModel(Form form, DeviceNeeds needs) : form_(std::move(form)), needs_(std::move(needs)) {}

    static base::Result<DeviceModel> load_tree(base::Bytes bytes);
    static base::Result<DeviceModel> load_tflite(base::Bytes bytes);

    Form form_;
    DeviceNeeds needs_;
};

}  // namespace frugal::inference
