// SPDX-License-Identifier: Apache-2.0
#include "model/compress/sparse_product.hpp"

#include <algorithm>

namespace frugal::model {

namespace {

constexpr std::size_t kBlock = 20;  // floats kept in registers: five of four

}  // namespace

SparseRows::SparseRows(const Matrix& matrix) {
    begins_.reserve(matrix.rows + 1);
    begins_.push_back(0);
    for (std::size_t row = 0; row < matrix.rows; ++row) {
        const auto values = matrix.row(row);
        for (std::size_t column = 0; column < values.size(); ++column) {
            if (values[column] != 0) {
                columns_.push_back(static_cast<std::uint32_t>(column));
                values_.push_back(values[column]);
            }
        }
        begins_.push_back(static_cast<std::uint32_t>(columns_.size()));
    }
}

void SparseRows::multiply(const Matrix& weights, Matrix& output) const {
    const std::size_t width = weights.columns;
    for (std::size_t block = 0; block < width; block += kBlock) {
        const std::size_t count = std::min(kBlock, width - block);
        for (std::size_t row = 0; row < size(); ++row) {
            float sums[kBlock] = {};
            for (std::uint32_t i = begins_[row]; i < begins_[row + 1]; ++i) {
                const float* line = weights.values.data() + columns_[i] * width + block;
                const float value = values_[i];
                if (count == kBlock) {
                    for (std::size_t k = 0; k < kBlock; ++k) {
                        sums[k] += value * line[k];
                    }
                } else {
                    for (std::size_t k = 0; k < count; ++k) {
                        sums[k] += value * line[k];
                    }
                }
            }
            std::copy_n(sums, count, output.values.data() + row * width + block);
        }
    }
}

void SparseRows::multiply_transposed(const Matrix& output_gradient, Matrix& gradient) const {
    const std::size_t width = gradient.columns;
    std::fill(gradient.values.begin(), gradient.values.end(), 0.0F);
    for (std::size_t block = 0; block < width; block += kBlock) {
        const std::size_t count = std::min(kBlock, width - block);
        for (std::size_t row = 0; row < size(); ++row) {
            float slopes[kBlock] = {};
            std::copy_n(output_gradient.values.data() + row * width + block, count, slopes);
            for (std::uint32_t i = begins_[row]; i < begins_[row + 1]; ++i) {
                float* line = gradient.values.data() + columns_[i] * width + block;
                const float value = values_[i];
                if (count == kBlock) {
                    for (std::size_t k = 0; k < kBlock; ++k) {
                        line[k] += value * slopes[k];
                    }
                } else {
                    for (std::size_t k = 0; k < count; ++k) {
                        line[k] += value * slopes[k];
                    }
                }
            }
        }
    }
}

}  // namespace frugal::model
