// SPDX-License-Identifier: Apache-2.0
// A Matrix as the linear algebra library sees it, on the same memory. For .cpp files of this folder
// only; views own nothing, any thread.
#pragma once

#include <Eigen/Core>

#include "model/compress/matrix.hpp"

namespace frugal::model {

using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using MatrixView = Eigen::Map<RowMatrix>;
using ConstMatrixView = Eigen::Map<const RowMatrix>;

inline MatrixView view(Matrix& matrix) {
    return {matrix.values.data(), static_cast<Eigen::Index>(matrix.rows),
            static_cast<Eigen::Index>(matrix.columns)};
}

inline ConstMatrixView view(const Matrix& matrix) {
    return {matrix.values.data(), static_cast<Eigen::Index>(matrix.rows),
            static_cast<Eigen::Index>(matrix.columns)};
}

/// The same values in rows of `columns`.
inline MatrixView view_in_rows_of(Matrix& matrix, std::size_t columns) {
    return {matrix.values.data(), static_cast<Eigen::Index>(matrix.values.size() / columns),
            static_cast<Eigen::Index>(columns)};
}

inline ConstMatrixView view_in_rows_of(const Matrix& matrix, std::size_t columns) {
    return {matrix.values.data(), static_cast<Eigen::Index>(matrix.values.size() / columns),
            static_cast<Eigen::Index>(columns)};
}

/// Chances of the classes, a row for each row of logits: softmax of logits / temperature.
inline RowMatrix softmax(const Matrix& logits, float temperature) {
    RowMatrix chances = view(logits) / temperature;
    for (Eigen::Index row = 0; row < chances.rows(); ++row) {
        const float most = chances.row(row).maxCoeff();
        chances.row(row) = (chances.row(row).array() - most).exp();
        chances.row(row) /= chances.row(row).sum();
    }
    return chances;
}

}  // namespace frugal::model
