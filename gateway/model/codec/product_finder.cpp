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
constexpr double kFactorBits = 32.0;    // a factor other than 1 and +-127
constexpr double kIntegerDeltaMax = 1U << 30;

std::uint32_t word_at(base::ByteView file, std::size_t offset) {
    std::uint32_t word = 0;
    std::memcpy(&word, file.data() + offset, sizeof(word));
    return word;
}

/// Two vectors of the same size.
struct Pair {
    base::ByteView space;
    std::size_t address;
    std::size_t reference;
    std::size_t size_bytes;
};

double price(const Pair& pair, std::uint32_t factor) {
    double bits = kOverheadBits;
    for (std::size_t i = 0; i < pair.size_bytes; i += 4) {
        std::uint32_t product = 0;
        if (!fr_float_multiply(word_at(pair.space, pair.reference + i), factor, &product)) {
            return INFINITY;
        }
        const double delta = std::abs(static_cast<double>(
            static_cast<std::int32_t>(word_at(pair.space, pair.address + i) - product)));
        bits += delta <= kProductDeltaMax ? 0.2 + 2 * std::log2(1 + delta) : 1 + kPlainBits;
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

/// The float32 that takes the reference to the vector, tried around the quotient of one pair.
void try_quotients(const Pair& pair, Best& best) {
    const auto from = std::bit_cast<float>(word_at(pair.space, pair.reference));
    const auto to = std::bit_cast<float>(word_at(pair.space, pair.address));
    const float quotient = to / from;
    if (!std::isnormal(quotient)) {
        return;
    }
    const auto center = std::bit_cast<std::uint32_t>(quotient);
    for (std::uint32_t step = 0; step < 7; ++step) {
        const std::uint32_t factor = center + step - 3;
        best.offer(pair.reference, factor, kFactorBits + price(pair, factor));
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
        const double delta = static_cast<double>(integer_at(space, address + i)) - predicted;
        if (std::abs(delta) > kIntegerDeltaMax) {
            return INFINITY;
        }
        bits += std::log2(1 + std::abs(delta));
    }
    return bits;
}

}  // namespace

std::optional<Product> find_product(base::ByteView space, std::size_t address,
                                    std::size_t size_bytes,
                                    std::span<const std::size_t> candidates) {
    const double plain_bits = kPlainBits * static_cast<double>(size_bytes / 4);
    Best best{{}, plain_bits};
    for (const std::size_t candidate : candidates) {
        const Pair pair{space, address, candidate, size_bytes};
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
    // Least squares, then the neighbourhood is not worth a search: units of 2^-24 do not matter.
    double both = 0;
    double old_square = 0;
    for (std::size_t i = 0; i < 4 * count; i += 4) {
        const double old = integer_at(space, old_address + i);
        both += old * integer_at(space, address + i);
        old_square += old * old;
    }
    const auto quotient = static_cast<float>(old_square > 0 ? both / old_square : 0);
    std::optional<std::uint32_t> best;
    double best_bits = INFINITY;
    for (const float factor : {1.0F, quotient}) {
        if (!std::isnormal(factor)) {
            continue;
        }
        const auto bits = std::bit_cast<std::uint32_t>(factor);
        const double its_bits =
            integer_price(space, old_address, address, count, bits) + (factor == 1.0F ? 0 : 32);
        if (its_bits < best_bits) {
            best_bits = its_bits;
            best = bits;
        }
    }
    return best;
}

}  // namespace frugal::model
