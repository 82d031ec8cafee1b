// SPDX-License-Identifier: Apache-2.0
// Finds float vectors of a file that follow from earlier ones: bias scales are input scale times
// weight scale, quantization bounds are scale times 127. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.hpp"
#include "model/codec/segment_plan.hpp"

namespace frugal::model {

struct Product {
    std::size_t reference = 0;  ///< offset of the earlier vector
    std::uint32_t factor = 0;   ///< bits of a float32
};

/// The best way to say `region` by one of the `earlier` float regions, if that pays.
std::optional<Product> find_product(base::ByteView file, const Region& region,
                                    std::span<const Region> earlier);

}  // namespace frugal::model
