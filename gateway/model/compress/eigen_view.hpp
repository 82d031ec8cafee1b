// SPDX-License-Identifier: Apache-2.0
// A Matrix as the linear algebra library sees it, on the same memory. For .cpp files of this folder
// only; views own nothing, any thread.
#pragma once

#include <Eigen/Core>

#include "model/compress/matrix.hpp"
#include "model/compress/numeric.hpp"

namespace frugal::model {

using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using RealMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using MatrixView = Eigen::Map<RowMatrix>;
using ConstMatrixView = Eigen::Map<const RowMatrix>;

inline Eigen::Index index(std::size_t value) {
    return static_cast<Eigen::Index>(value);
}

inline MatrixView view(Matrix& matrix) {
    return {matrix.values.data(), index(matrix.rows), index(matrix.columns)};
}

inline ConstMatrixView view(const Matrix& matrix) {
    return {matrix.values.data(), index(matrix.rows), index(matrix.columns)};
}

/// A square matrix, row by row.
inline Eigen::Map<RealMatrix> view(std::vector<double>& values, std::size_t size) {
    return {values.data(), index(size), index(size)};
}

inline Eigen::Map<const RealMatrix> view(const std::vector<double>& values, std::size_t size) {
    return {values.data(), index(size), index(size)};
}

/// The same values in rows of `columns`.
inline MatrixView view_in_rows_of(Matrix& matrix, std::size_t columns) {
    return {matrix.values.data(), index(matrix.values.size() / columns), index(columns)};
}

inline ConstMatrixView view_in_rows_of(const Matrix& matrix, std::size_t columns) {
    return {matrix.values.data(), index(matrix.values.size() / columns), index(columns)};
}

/// Chances of the classes, a row for each row of logits: softmax of logits / temperature.
inline RowMatrix softmax(const Matrix& logits, float temperature) {
    RowMatrix chances(index(logits.rows), index(logits.columns));
    for (std::size_t row = 0; row < logits.rows; ++row) {
        softmax(logits.row(row), temperature,
                {chances.data() + row * logits.columns, logits.columns});
    }
    return chances;
}

}  // namespace frugal::model
