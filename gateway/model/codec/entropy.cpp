// SPDX-License-Identifier: Apache-2.0
#include "model/codec/entropy.hpp"

#include <array>
#include <cmath>

namespace frugal::model {

double entropy_bytes(base::ByteView bytes) {
    std::array<double, 256> counts{};
    for (const std::uint8_t byte : bytes) {
        counts[byte] += 1;
    }
    double bits = 0;
    for (const double count : counts) {
        bits -= count > 0 ? count * std::log2(count / static_cast<double>(bytes.size())) : 0;
    }
    return bits / 8;
}

}  // namespace frugal::model
