// SPDX-License-Identifier: Apache-2.0
// A batch of training inputs, each moved by a few pixels at random: a light way to more training
// images. Pure function of its arguments, any thread.
#pragma once

#include <cstdint>
#include <span>

#include "base/rng.hpp"
#include "model/compress/chain.hpp"

namespace frugal::model {

struct Shifting {
    Frame image;   ///< what an input is; needed to shift
    int most = 0;  ///< pixels up, down, left and right; 0: as they are
};

/// The chosen rows of `inputs`, shifted; what moves in repeats the edge.
Matrix batch_of(const Matrix& inputs, std::span<const std::uint32_t> rows, const Shifting& shifting,
                base::Rng& rng);

}  // namespace frugal::model
