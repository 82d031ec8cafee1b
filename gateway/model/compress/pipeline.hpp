// SPDX-License-Identifier: Apache-2.0
// Runs a recipe over a model: stage after stage, each recorded with its parameters and with what it
// did to the size, then the gate. Pure function, any thread; files are read and written elsewhere.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "model/compress/evaluate.hpp"
#include "model/compress/layer_report.hpp"
#include "model/compress/recipe.hpp"

namespace frugal::model {

struct StageReport {
    std::string kind;
    std::vector<std::pair<std::string, std::string>> parameters;
    std::uint64_t raw_bytes = 0;                 ///< the file after the stage
    std::uint64_t packed_bytes = 0;              ///< as the model codec encodes it
    std::optional<std::uint64_t> delta_bytes{};  ///< the same for devices that have the base
    std::vector<LayerReport> layers;
    std::string note{};  ///< why the stage changed nothing; empty if it did
};

struct Compressed {
    base::Bytes file;
    std::uint64_t raw_bytes_before = 0;
    std::uint64_t packed_bytes_before = 0;
    std::optional<std::uint64_t> delta_bytes_before{};  ///< of the file as given, with a base
    std::vector<StageReport> stages;
    Evaluation evaluation;
};

/// What is compressed and with what.
struct CompressInput {
    base::Bytes file;
    Samples calibration;
    Samples evaluation;  ///< no inputs: the calibration inputs serve
    const fr_operator_set_t* operators = &fr_operators_all;  ///< what the runtime can run here
    base::Bytes base{};  ///< the model devices have already; the stage delta needs it
};

struct SearchProgress {
    int attempt = 0;  ///< from 1
    int tries = 0;    ///< at most
    double factor = 1;
};

/// What happens, for people who wait.
struct CompressProgress {
    std::string_view stage;
    const TrainProgress* training = nullptr;  ///< within a stage that trains; else it begins
    const SearchProgress* search = nullptr;   ///< a try of the recipe's search begins
};

/// With a search in the recipe, the stages from the first regrid or delta on are run anew for each
/// factor, and the smallest result that passes the gate is taken: as a delta, if there is a base.
/// @param progress called at the start of each stage and try and after each epoch; may be empty
/// Fails with kConflict, naming figure and bound, when the result does not pass the gate; otherwise
/// as the stages do.
base::Result<Compressed> compress(const CompressInput& input, const Recipe& recipe,
                                  const std::function<void(const CompressProgress&)>& progress);

/// Bytes of a model as the codec encodes it.
base::Result<std::uint64_t> packed_size(base::ByteView file);

}  // namespace frugal::model
