// SPDX-License-Identifier: Apache-2.0
#include "model/codec/product_finder.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <set>

#include "frugal/codec.h"

namespace frugal::model {

namespace {

constexpr double kPlainBits = 25.0;     // a float of a scale vector without a reference
constexpr double kOverheadBits = 16.0;  // the reference's distance
constexpr double kShortFactorBits = 24.0;
constexpr double kFactorBits = 32.0;  // a factor other than 1 and +-127
constexpr double kIntegerDeltaMax = 1U << 30;
constexpr double kUnscaledBits = 1.0;      // a value that follows its reference and not the factor
constexpr std::size_t kQuotientsMax = 32;  // pairs of values whose quotient is tried as the factor
// Quotients of values one factor tells, each within kProductDeltaMax units of the last place.
constexpr std::uint32_t kQuotientsApart = 4 * kProductDeltaMax;
constexpr std::size_t kCandidatesMax = 256;  // references tried; a model has some dozens of a size

std::uint32_t word_at(base::ByteView file, std::size_t offset) {
    std::uint32_t word = 0;
    std::memcpy(&word, file.data() + offset, sizeof(word));
    return word;
}

/// Two vectors of the same size.
struct Pair {
    base::ByteView space;
    std::size_t base_size;
    std::size_t address;
    std::size_t reference;
    std::size_t size_bytes;
};

double distance_of(std::uint32_t one, std::uint32_t other) {
    return std::abs(static_cast<double>(static_cast<std::int32_t>(one - other)));
}

double price(const Pair& pair, std::uint32_t factor) {
    double bits = kOverheadBits;
    for (std::size_t i = 0; i < pair.size_bytes; i += 4) {
        std::uint32_t product = 0;
        if (!fr_float_multiply(word_at(pair.space, pair.reference + i), factor, &product)) {
            return INFINITY;
        }
        const std::uint32_t word = word_at(pair.space, pair.address + i);
        const double delta = distance_of(word, product);
        const double change = pair.reference + i < pair.base_size
                                  ? distance_of(word, word_at(pair.space, pair.reference + i))
                                  : INFINITY;
        const double nearest = std::min(delta, change);
        bits += (delta <= change ? 0 : kUnscaledBits) +
                (nearest <= kProductDeltaMax ? 0.2 + 2 * std::log2(1 + nearest) : 1 + kPlainBits);
    }
    return bits;
}

struct Best {
    Product product;
    double bits = 0;

    void offer(std::size_t reference, std::uint32_t factor, double its_bits) {
        if (its_bits < bits) {
            bits = its_bits;
            product = {reference, factor};
        }
    }
};

/// Quotients of some pairs, as bits, ascending.
std::vector<std::uint32_t> quotients_of(const Pair& pair) {
    const std::size_t count = pair.size_bytes / 4;
    const std::size_t stride = (count + kQuotientsMax - 1) / kQuotientsMax;
    std::vector<std::uint32_t> quotients;
    for (std::size_t i = 0; i < pair.size_bytes; i += 4 * stride) {
        const auto from = std::bit_cast<float>(word_at(pair.space, pair.reference + i));
        const auto to = std::bit_cast<float>(word_at(pair.space, pair.address + i));
        const float quotient = to / from;
        if (std::isnormal(quotient)) {
            quotients.push_back(std::bit_cast<std::uint32_t>(quotient));
        }
    }
    std::sort(quotients.begin(), quotients.end());
    return quotients;
}

/// The float32 that takes the reference to the vector, tried around the quotients of some pairs:
/// channels nothing passes through keep their scale while the others change theirs. A quotient
/// that stands alone is not tried: a factor that tells one value in so many costs more than it
/// saves, and vectors that have nothing to do with each other would make it hundreds of trials.
void try_quotients(const Pair& pair, Best& best) {
    const std::vector<std::uint32_t> quotients = quotients_of(pair);
    std::set<std::uint32_t> tried;
    for (std::size_t i = 0; i < quotients.size(); ++i) {
        const std::uint32_t center = quotients[i];
        const bool is_near_before = i > 0 && center - quotients[i - 1] <= kQuotientsApart;
        const bool is_near_behind =
            i + 1 < quotients.size() && quotients[i + 1] - center <= kQuotientsApart;
        if (!(is_near_before || is_near_behind) || !tried.insert(center >> 3).second) {
            continue;
        }
        for (std::uint32_t step = 0; step < 7; ++step) {
            const std::uint32_t factor = center + step - 3;
            best.offer(pair.reference, factor, kFactorBits + price(pair, factor));
        }
    }
}

std::int32_t integer_at(base::ByteView space, std::size_t address) {
    return static_cast<std::int32_t>(word_at(space, address));
}

/// Sum of the logarithms of what is left, or infinity.
double integer_price(base::ByteView space, std::size_t old_address, std::size_t address,
                     std::size_t count, std::uint32_t factor) {
    double bits = 0;
    for (std::size_t i = 0; i < 4 * count; i += 4) {
        std::int32_t predicted = 0;
        if (!fr_float_scale_integer(integer_at(space, old_address + i), factor, &predicted)) {
            return INFINITY;
        }
        const double value = integer_at(space, address + i);
        const double delta = std::abs(value - predicted);
        const double change = std::abs(value - integer_at(space, old_address + i));
        const double nearest = std::min(delta, change);
        if (nearest > kIntegerDeltaMax) {
            return INFINITY;
        }
        bits += (delta <= change ? 0 : kUnscaledBits) + 2 * std::log2(1 + nearest);
    }
    return bits;
}

}  // namespace

std::optional<Product> find_product(CodedSpace space, std::size_t address, std::size_t size_bytes,
                                    std::span<const std::size_t> candidates) {
    const double plain_bits = kPlainBits * static_cast<double>(size_bytes / 4);
    Best best{{}, plain_bits};
    const std::size_t skipped = candidates.size() - std::min(candidates.size(), kCandidatesMax);
    for (const std::size_t candidate : candidates.subspan(skipped)) {
        const Pair pair{space.bytes, space.base_size, address, candidate, size_bytes};
        for (const std::uint32_t factor :
             {FR_CODEC_FACTOR_ONE, FR_CODEC_FACTOR_RANGE, FR_CODEC_FACTOR_RANGE | 0x80000000U}) {
            best.offer(candidate, factor, price(pair, factor));
        }
        try_quotients(pair, best);
    }
    if (best.bits >= plain_bits) {
        return std::nullopt;
    }
    return best.product;
}

std::optional<std::uint32_t> find_integer_factor(base::ByteView space, std::size_t old_address,
                                                 std::size_t address, std::size_t count) {
    std::optional<std::uint32_t> best;
    double best_bits = INFINITY;
    const auto offer = [&](float factor, double its_bits) {
        if (!std::isnormal(factor)) {
            return;
        }
        const auto bits = std::bit_cast<std::uint32_t>(factor);
        its_bits += integer_price(space, old_address, address, count, bits);
        if (its_bits < best_bits) {
            best_bits = its_bits;
            best = bits;
        }
    };
    offer(1.0F, 0);
    const std::size_t stride = (count + kQuotientsMax - 1) / kQuotientsMax;
    for (std::size_t i = 0; i < 4 * count; i += 4 * stride) {
        // The quotient of one pair is as exact as its values are large.
        const double old = integer_at(space, old_address + i);
        const auto factor = static_cast<float>(integer_at(space, address + i) / old);
        const auto shorter = (std::bit_cast<std::uint32_t>(factor) + 128U) & ~255U;
        offer(factor, kFactorBits);
        offer(std::bit_cast<float>(shorter), kShortFactorBits);
    }
    return best;
}

}  // namespace frugal::model
