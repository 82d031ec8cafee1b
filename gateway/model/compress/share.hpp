// SPDX-License-Identifier: Apache-2.0
// Weight sharing by k-means in one dimension, as in Deep Compression (Han, Mao, Dally 2016):
// centroids start evenly over the range of the weights, zeros are not weights. Pure, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/compress/matrix.hpp"

namespace frugal::model {

struct Shared {
    std::vector<float> centroids;     ///< ascending
    std::vector<std::uint8_t> codes;  ///< one for each weight that is not 0, in order
};

/// @param count of centroids at most, 1 to 256
Shared share_weights(const Matrix& weights, std::size_t count);

/// `weights` with every value that is not 0 replaced by its centroid.
Matrix shared_weights(const Matrix& weights, const Shared& shared);

}  // namespace frugal::model
