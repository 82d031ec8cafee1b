// SPDX-License-Identifier: Apache-2.0
#include "model/compress/augment.hpp"

#include <algorithm>

namespace frugal::model {

namespace {

using Offset = std::ptrdiff_t;

/// -most to most.
Offset any_offset(int most, base::Rng& rng) {
    return static_cast<Offset>(rng.below(2 * static_cast<std::uint64_t>(most) + 1)) - most;
}

std::size_t inside(std::size_t at, Offset offset, std::size_t length) {
    return static_cast<std::size_t>(
        std::clamp(static_cast<Offset>(at) - offset, Offset{0}, static_cast<Offset>(length) - 1));
}

void shift(std::span<const float> from, const Shifting& shifting, base::Rng& rng,
           std::span<float> to) {
    const Frame& image = shifting.image;
    const Offset down = any_offset(shifting.most, rng);
    const Offset right = any_offset(shifting.most, rng);
    for (std::size_t y = 0; y < image.height; ++y) {
        const std::size_t source = inside(y, down, image.height) * image.width;
        for (std::size_t x = 0; x < image.width; ++x) {
            const std::size_t pixel = source + inside(x, right, image.width);
            std::copy_n(from.begin() + static_cast<Offset>(pixel * image.channels), image.channels,
                        to.begin() + static_cast<Offset>((y * image.width + x) * image.channels));
        }
    }
}

}  // namespace

Matrix batch_of(const Matrix& inputs, std::span<const std::uint32_t> rows, const Shifting& shifting,
                base::Rng& rng) {
    Matrix batch(rows.size(), inputs.columns);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto from = inputs.row(rows[i]);
        if (shifting.most > 0) {
            shift(from, shifting, rng, batch.row(i));
        } else {
            std::copy(from.begin(), from.end(), batch.row(i).begin());
        }
    }
    return batch;
}

}  // namespace frugal::model
