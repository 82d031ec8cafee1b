// SPDX-License-Identifier: Apache-2.0
// Second moments of a layer's inputs: the Hessian of its squared output error. Two streams of
// inputs are followed: those of the original model and those the already compressed layers before
// give, so that a layer can make up for what was lost in front of it. One thread, owned by a stage.
#pragma once

#include <cstddef>
#include <vector>

#include "model/compress/matrix.hpp"

namespace frugal::model {

class Curvature {
public:
    explicit Curvature(std::size_t columns);

    /// Adds input vectors, one a row: `compressed` as the layer will see them, `original` as the
    /// original model does; both of the same shape.
    void add(const Matrix& original, const Matrix& compressed);

    /// The same inputs in both models.
    void add(const Matrix& inputs) { add(inputs, inputs); }

    std::size_t columns() const { return columns_; }
    std::size_t count() const { return count_; }

    /// E[x x^T] of the compressed inputs, damped: `damping` times the mean of its diagonal is added
    /// to it. Rows of columns() values.
    std::vector<double> hessian(double damping) const;

    /// The same, in the memory it was summed up in: afterwards only count() and the means are left.
    std::vector<double> take_hessian(double damping);

    /// Mean square of each compressed input, undamped: 0 for an input that is always 0.
    std::vector<double> energies() const;

    std::vector<double> mean_original() const;
    std::vector<double> mean_compressed() const;

    /// Weights whose output on the compressed inputs is nearest to that of `weights` on the
    /// original ones (a row each; ridge regression towards `weights`). Inputs without energy get 0.
    Matrix corrected(const Matrix& weights, double damping) const;

private:
    std::size_t columns_;
    std::size_t count_ = 0;
    std::vector<double> moments_;  ///< sum of compressed^T compressed
    std::vector<double> cross_;    ///< sum of original^T compressed
    std::vector<double> sum_original_;
    std::vector<double> sum_compressed_;
};

}  // namespace frugal::model
