// SPDX-License-Identifier: Apache-2.0
// Which weights of a layer to take away, and what the others become:
//   magnitude   the smallest; the others stay
//   obd         LeCun, Denker, Solla 1989: least w^2 h / 2, with h the curvature of the layer's
//               output error (E x^2); the others stay
//   obc         Hassibi, Stork 1992; Frantar, Alistarh 2022: least w^2 / (H^-1)_ww, one at a time,
//               each time in closed form with all others moved to make up for it
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/compress/matrix.hpp"

namespace frugal::model {

enum class PruneMethod { kMagnitude, kObd, kObc };

/// In what order the weights of one row go, and what each costs: sum of e H e^T it adds.
struct Removals {
    std::vector<std::uint32_t> order;  ///< columns
    std::vector<float> costs;
};

/// All removals of one row, greedily, in closed form.
/// @param hessian damped; columns without energy must have no weight
Removals trace_removals(std::span<const float> row, const std::vector<double>& hessian);

/// The row with the least output error that is 0 where `keep` is 0.
void refit_row(std::span<float> row, const std::vector<double>& hessian,
               std::span<const std::uint8_t> keep);

/// Prunes a layer by OBC to several densities; what is common to them is computed once.
/// Keeps references: weights and Hessian must outlive it.
class ObcPruner {
public:
    ObcPruner(const Matrix& weights, const std::vector<double>& hessian);

    /// `density` is the share of weights left, 0 to 1, over the whole layer: rows compete.
    Matrix prune(double density) const;

private:
    const Matrix& weights_;
    const std::vector<double>& hessian_;
    std::vector<Removals> rows_;
};

/// Prunes by a saliency for each weight, the others stay.
Matrix prune_by_saliency(const Matrix& weights, const std::vector<float>& saliencies,
                         double density);

/// Prunes a layer by any method.
Matrix prune_layer(const Matrix& weights, const std::vector<double>& hessian, PruneMethod method,
                   double density);

}  // namespace frugal::model
