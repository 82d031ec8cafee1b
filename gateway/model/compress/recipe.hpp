// SPDX-License-Identifier: Apache-2.0
// A recipe: the ordered stages that make a model smaller, with every parameter, and the gate the
// result must pass. Read from TOML with strict keys (config/recipes/ holds examples). Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "model/compress/delta_stage.hpp"
#include "model/compress/dequantize.hpp"
#include "model/compress/factor_search.hpp"
#include "model/compress/prune_stage.hpp"
#include "model/compress/quantize.hpp"
#include "model/compress/regrid.hpp"
#include "model/compress/retrain.hpp"
#include "model/compress/round_scales.hpp"
#include "model/compress/share_stage.hpp"

namespace frugal::model {

inline constexpr std::size_t kStagesMax = 16;

/// Written anew without names, bounds and metadata; the outputs must stay the same to the bit.
struct StripOptions {};

using StageOptions =
    std::variant<StripOptions, QuantizeOptions, PruneOptions, RegridOptions, RoundScalesOptions,
                 RetrainOptions, ShareOptions, DequantizeOptions, DeltaOptions>;

/// The name of a stage in recipes and reports: "regrid".
std::string_view stage_name(const StageOptions& stage);

/// Every parameter with its value, as they would stand in a recipe.
std::vector<std::pair<std::string, std::string>> stage_parameters(const StageOptions& stage);

/// The least a result must reach; what is absent is not asked.
struct Gate {
    std::optional<double> min_agreement;      ///< share of inputs with the same top class, 0 to 1
    std::optional<double> max_accuracy_drop;  ///< in points of 0 to 1; needs labels
    std::optional<double> min_output_snr_db;
};

struct Recipe {
    std::string name;
    int calibration_inputs = 0;  ///< that stages other than retrain look at; 0: all
    std::vector<StageOptions> stages;
    Gate gate;
    std::optional<Search> search;  ///< for the smallest result that passes the gate
};

/// Reads a recipe.
/// @param origin how messages call the text, e.g. the file's path
/// Fails with kInvalidInput, naming line and column, for anything the format does not know.
base::Result<Recipe> parse_recipe(std::string_view text, const std::string& origin);

}  // namespace frugal::model
