// SPDX-License-Identifier: Apache-2.0
// Weights onto a grid of one step: plain rounding, GPTQ (Frantar et al. 2022: a column at a time,
// the error made up for by the columns not yet done), and GPTQ that also pays for bits, followed by
// sweeps of exact coordinate descent on distortion + lambda * bits. Bits are those of the levels,
// or of their differences from levels that are known already. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/compress/matrix.hpp"

namespace frugal::model {

struct GridOptions {
    double step = 0;      ///< distance of two levels, in the unit of the weights
    int level_max = 127;  ///< levels reach from -level_max to level_max
    /// What a bit may cost in output error, as a share of the mean output power of a row; 0 for
    /// distortion alone. The same lambda in all layers costs each about the same part of its
    /// signal, 1e-5 little and 1e-4 much.
    double lambda = 0;
    bool keep_zeros = false;  ///< weights that are 0 get level 0: they were pruned
    int passes = 3;           ///< GPTQ passes; each learns the price of a level from the one before
    int sweeps = 2;           ///< of coordinate descent afterwards
    /// Levels the decoder knows, rows * columns of them: what is coded is the difference to them.
    std::vector<std::int8_t> anchor{};  ///< empty: all 0
    std::vector<double> row_steps{};    ///< the step of each row; empty: `step` in all
    std::vector<double> row_weights{};  ///< what a row's distortion counts; empty: 1 in all
    std::optional<double> bit_price{};  ///< in the unit of the distortion; given, lambda is unused
};

struct Gridded {
    std::vector<std::int8_t> levels;  ///< rows * columns
    double distortion = 0;  ///< sum over rows of row weight * e H e^T, e = weights - step * levels
    double bits = 0;        ///< estimate for the entropy coder
    std::vector<double> row_costs;  ///< distortion + price * bits of each row
};

/// Nearest levels.
/// @param hessian damped, columns * columns; only used to state the distortion
Gridded round_to_grid(const Matrix& weights, const std::vector<double>& hessian,
                      const GridOptions& options);

/// GPTQ with a price on bits. In distortion + lambda * bits never worse than round_to_grid(), nor
/// than the anchor.
Gridded fit_to_grid(const Matrix& weights, const std::vector<double>& hessian,
                    const GridOptions& options);

/// Sum over rows of e H e^T for e = weights - other.
double output_error(const Matrix& weights, const Matrix& other, const std::vector<double>& hessian);

}  // namespace frugal::model
