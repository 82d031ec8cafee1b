// SPDX-License-Identifier: Apache-2.0
#include "core/offload/quantile_sketch.hpp"

#include <algorithm>
#include <bit>

namespace frugal::core {

// Below 4 one bucket a value; above, the two bits after the leading one choose the quarter.
std::uint32_t QuantileSketch::bucket_of(std::uint64_t microseconds) {
    if (microseconds < 4) {
        return static_cast<std::uint32_t>(microseconds);
    }
    const auto width = static_cast<std::uint32_t>(std::bit_width(microseconds));
    const auto quarter = static_cast<std::uint32_t>(microseconds >> (width - 3)) & 3U;
    return std::min(kBuckets - 1, (width - 2) * 4 + quarter);
}

std::uint64_t QuantileSketch::middle_of(std::uint32_t bucket) {
    if (bucket < 4) {
        return bucket;
    }
    const std::uint64_t octave = bucket / 4 + 2;  // bit width of its values
    const std::uint64_t width = 1ULL << (octave - 3);
    return (4 + bucket % 4) * width + width / 2;
}

void QuantileSketch::add(base::Duration value) {
    if (total_ >= memory_) {
        fade();
    }
    ++counts_[bucket_of(static_cast<std::uint64_t>(std::max<std::int64_t>(0, value.count())))];
    ++total_;
}

void QuantileSketch::clear() {
    counts_.fill(0);
    total_ = 0;
}

void QuantileSketch::fade() {
    total_ = 0;
    for (auto& count : counts_) {
        count /= 2;
        total_ += count;
    }
}

base::Duration QuantileSketch::quantile(std::uint32_t permille) const {
    const std::uint64_t rank = (std::uint64_t{total_} * permille + 999) / 1000;
    std::uint64_t seen = 0;
    for (std::uint32_t bucket = 0; bucket < kBuckets; ++bucket) {
        seen += counts_[bucket];
        if (seen != 0 && seen >= rank) {
            return base::Duration(static_cast<std::int64_t>(middle_of(bucket)));
        }
    }
    return base::Duration(0);
}

}  // namespace frugal::core
