// SPDX-License-Identifier: Apache-2.0
#include "model/codec/range_encoder.hpp"

#include <cmath>

namespace frugal::model {

namespace {

constexpr std::uint32_t kRangeMin = 1U << 24;

}  // namespace

void RangeEncoder::predicted(std::uint32_t bit, std::uint32_t probability) {
    const std::uint32_t bound = (range_ >> 16) * probability;
    cost_bits_ -= std::log2((bit != 0 ? probability : 65536U - probability) / 65536.0);
    if (bit != 0) {
        range_ = bound;
    } else {
        low_ += bound;
        range_ -= bound;
    }
    while (range_ < kRangeMin) {
        range_ <<= 8;
        shift_out();
    }
}

void RangeEncoder::plain(std::uint32_t value, std::uint32_t count) {
    cost_bits_ += count;
    for (std::uint32_t i = count; i > 0; --i) {
        range_ >>= 1;
        if (((value >> (i - 1)) & 1U) != 0) {
            low_ += range_;
        }
        while (range_ < kRangeMin) {
            range_ <<= 8;
            shift_out();
        }
    }
}

void RangeEncoder::uniform(std::uint32_t value, std::uint32_t count) {
    cost_bits_ += std::log2(static_cast<double>(count));
    range_ /= count;
    low_ += static_cast<std::uint64_t>(value) * range_;
    while (range_ < kRangeMin) {
        range_ <<= 8;
        shift_out();
    }
}

void RangeEncoder::finish(std::uint32_t code) {
    low_ += code;
    for (int i = 0; i < 5; ++i) {
        shift_out();
    }
}

// A byte leaves only when no carry can reach it any more.
void RangeEncoder::shift_out() {
    if (low_ < 0xFF000000U || low_ > 0xFFFFFFFFU) {
        const auto carry = static_cast<std::uint8_t>(low_ >> 32);
        std::uint8_t byte = held_;
        for (; pending_ > 0; --pending_) {
            if (!is_first_) {
                bytes_.push_back(static_cast<std::uint8_t>(byte + carry));
            }
            is_first_ = false;
            byte = 0xFF;
        }
        held_ = static_cast<std::uint8_t>(low_ >> 24);
    }
    ++pending_;
    low_ = (low_ & 0x00FFFFFFU) << 8;
}

}  // namespace frugal::model
