// SPDX-License-Identifier: Apache-2.0
// A dense matrix of floats, row by row: what the stages hand to each other. Plain value, any
// thread. The linear algebra library works on its memory inside the .cpp files only.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace frugal::model {

struct Matrix {
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::vector<float> values;  ///< rows * columns

    Matrix() = default;
    Matrix(std::size_t row_count, std::size_t column_count)
        : rows(row_count), columns(column_count), values(row_count * column_count, 0.0F) {}

    float& at(std::size_t row, std::size_t column) { return values[row * columns + column]; }
    float at(std::size_t row, std::size_t column) const { return values[row * columns + column]; }
    std::span<float> row(std::size_t index) { return {values.data() + index * columns, columns}; }
    std::span<const float> row(std::size_t index) const {
        return {values.data() + index * columns, columns};
    }

    /// A copy of some rows.
    Matrix rows_from(std::size_t first, std::size_t count) const {
        Matrix part(count, columns);
        for (std::size_t i = 0; i < part.values.size(); ++i) {
            part.values[i] = values[first * columns + i];
        }
        return part;
    }
};

}  // namespace frugal::model
