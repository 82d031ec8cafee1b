// SPDX-License-Identifier: Apache-2.0
// `frugalctl model compress`: runs a recipe over a model file; needs no daemon. Reads and writes
// files, prints; everything else is gateway/model/compress.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.hpp"
#include "cli/command.hpp"

namespace frugal::cli {

struct CompressOptions {
    std::string file;
    std::string calibration;         ///< a file of inputs, or a directory of them
    std::string evaluation;          ///< likewise; empty: the calibration inputs serve
    std::string labels;              ///< of the evaluation inputs; empty: none
    std::string calibration_labels;  ///< for stages that train; empty: none
    std::string recipe;
    std::string output;
    std::string base;       ///< a .tflite that devices have already; empty: none
    std::size_t limit = 0;  ///< calibration inputs to use at most; 0: all
};

/// Hangs `compress` under `frugalctl model`.
void add_compress_command(CLI::App& model, Context& context);

base::Result<int> compress_model(const Context& context, const CompressOptions& options);

}  // namespace frugal::cli
