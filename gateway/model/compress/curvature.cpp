// SPDX-License-Identifier: Apache-2.0
#include "model/compress/curvature.hpp"

#include <Eigen/Cholesky>
#include <utility>

#include "base/assert.hpp"
#include "model/compress/eigen_view.hpp"

namespace frugal::model {

namespace {

void add_sums(const Matrix& matrix, std::vector<double>& sums) {
    for (std::size_t row = 0; row < matrix.rows; ++row) {
        for (std::size_t column = 0; column < matrix.columns; ++column) {
            sums[column] += static_cast<double>(matrix.at(row, column));
        }
    }
}

void damp(std::vector<double>& hessian, std::size_t columns, double damping) {
    auto matrix = view(hessian, columns);
    const double mean = matrix.diagonal().mean();
    matrix.diagonal().array() += mean > 0 ? damping * mean : 1.0;
}

std::vector<double> scaled(std::vector<double> values, double factor) {
    for (double& value : values) {
        value *= factor;
    }
    return values;
}

}  // namespace

Curvature::Curvature(std::size_t columns)
    : columns_(columns),
      moments_(columns * columns),
      cross_(columns * columns),
      sum_original_(columns),
      sum_compressed_(columns) {}

void Curvature::add(const Matrix& original, const Matrix& compressed) {
    FRUGAL_ASSERT(original.columns == columns_ && compressed.columns == columns_ &&
                  original.rows == compressed.rows);
    const auto seen = view(compressed);
    const RowMatrix product = seen.transpose() * seen;
    view(moments_, columns_) += product.cast<double>();
    if (&original == &compressed) {
        view(cross_, columns_) += product.cast<double>();
    } else {
        const RowMatrix mixed = view(original).transpose() * seen;
        view(cross_, columns_) += mixed.cast<double>();
    }
    add_sums(original, sum_original_);
    add_sums(compressed, sum_compressed_);
    count_ += original.rows;
}

std::vector<double> Curvature::hessian(double damping) const {
    FRUGAL_ASSERT(count_ > 0 && !moments_.empty());
    std::vector<double> hessian = scaled(moments_, 1.0 / static_cast<double>(count_));
    damp(hessian, columns_, damping);
    return hessian;
}

std::vector<double> Curvature::take_hessian(double damping) {
    FRUGAL_ASSERT(count_ > 0 && !moments_.empty());
    cross_ = std::vector<double>();  // = {} would keep the memory
    std::vector<double> hessian =
        scaled(std::exchange(moments_, {}), 1.0 / static_cast<double>(count_));
    damp(hessian, columns_, damping);
    return hessian;
}

std::vector<double> Curvature::energies() const {
    FRUGAL_ASSERT(!moments_.empty());
    std::vector<double> energies(columns_);
    for (std::size_t i = 0; i < columns_; ++i) {
        energies[i] = moments_[i * columns_ + i] / static_cast<double>(count_);
    }
    return energies;
}

std::vector<double> Curvature::mean_original() const {
    return scaled(sum_original_, 1.0 / static_cast<double>(count_));
}

std::vector<double> Curvature::mean_compressed() const {
    return scaled(sum_compressed_, 1.0 / static_cast<double>(count_));
}

Matrix Curvature::corrected(const Matrix& weights, double damping) const {
    FRUGAL_ASSERT(!moments_.empty() && !cross_.empty());
    // W* = (W (C + rI)) (H + rI)^-1 with C = E[x x'^T], H = E[x' x'^T]: W* = W when C = H.
    RealMatrix target = view(cross_, columns_) / static_cast<double>(count_);
    const double mean = (view(moments_, columns_).diagonal() / static_cast<double>(count_)).mean();
    target.diagonal().array() += mean > 0 ? damping * mean : 1.0;
    const RealMatrix wanted = view(weights).cast<double>() * target;
    target.resize(0, 0);  // one copy of a large layer's moments at a time
    std::vector<double> damped = hessian(damping);
    auto in_place = view(damped, columns_);
    const Eigen::LLT<Eigen::Ref<RealMatrix>> factor(in_place);
    const RealMatrix solved = factor.solve(wanted.transpose()).transpose();
    Matrix result(weights.rows, weights.columns);
    const std::vector<double> energy = energies();
    for (std::size_t row = 0; row < result.rows; ++row) {
        for (std::size_t column = 0; column < result.columns; ++column) {
            result.at(row, column) =
                energy[column] == 0 ? 0.0F : static_cast<float>(solved(index(row), index(column)));
        }
    }
    return result;
}

}  // namespace frugal::model
