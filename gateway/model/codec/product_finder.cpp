// SPDX-License-Identifier: Apache-2.0
#include "model/codec/product_finder.hpp"

#include <bit>
#include <cmath>
#include <cstring>

#include "frugal/codec.h"
#include "model/codec/token_writer.hpp"

namespace frugal::model {

namespace {

constexpr double kPlainBits = 25.0;     // a float of a scale vector without a reference
constexpr double kOverheadBits = 16.0;  // the reference's distance
constexpr double kFactorBits = 32.0;    // a factor other than +-127

std::uint32_t word_at(base::ByteView file, std::size_t offset) {
    std::uint32_t word = 0;
    std::memcpy(&word, file.data() + offset, sizeof(word));
    return word;
}

double price(base::ByteView file, const Region& region, std::size_t reference,
             std::uint32_t factor) {
    double bits = kOverheadBits;
    for (std::size_t i = 0; i < region.size_bytes; i += 4) {
        std::uint32_t product = 0;
        if (!fr_float_multiply(word_at(file, reference + i), factor, &product)) {
            return INFINITY;
        }
        const double delta = std::abs(static_cast<double>(
            static_cast<std::int32_t>(word_at(file, region.offset + i) - product)));
        bits += delta <= kProductDeltaMax ? 0.2 + 2 * std::log2(1 + delta) : 1 + kPlainBits;
    }
    return bits;
}

/// The float32 that takes the reference to the region, tried around the quotient of one pair.
void try_quotients(base::ByteView file, const Region& region, std::size_t reference, Product& best,
                   double& best_bits) {
    const auto from = std::bit_cast<float>(word_at(file, reference));
    const auto to = std::bit_cast<float>(word_at(file, region.offset));
    const float quotient = to / from;
    if (!std::isnormal(quotient)) {
        return;
    }
    const auto center = std::bit_cast<std::uint32_t>(quotient);
    for (std::uint32_t step = 0; step < 7; ++step) {
        const std::uint32_t factor = center + step - 3;
        const double bits = kFactorBits + price(file, region, reference, factor);
        if (bits < best_bits) {
            best_bits = bits;
            best = {reference, factor};
        }
    }
}

}  // namespace

std::optional<Product> find_product(base::ByteView file, const Region& region,
                                    std::span<const Region> earlier) {
    const double plain_bits = kPlainBits * static_cast<double>(region.size_bytes / 4);
    double best_bits = plain_bits;
    Product best;
    for (const Region& candidate : earlier) {
        if (candidate.kind != RegionKind::kFloats || candidate.size_bytes != region.size_bytes) {
            continue;
        }
        for (const std::uint32_t factor :
             {FR_CODEC_FACTOR_RANGE, FR_CODEC_FACTOR_RANGE | 0x80000000U}) {
            const double bits = price(file, region, candidate.offset, factor);
            if (bits < best_bits) {
                best_bits = bits;
                best = {candidate.offset, factor};
            }
        }
        try_quotients(file, region, candidate.offset, best, best_bits);
    }
    if (best_bits >= plain_bits) {
        return std::nullopt;
    }
    return best;
}

}  // namespace frugal::model
