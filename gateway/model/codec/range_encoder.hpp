// SPDX-License-Identifier: Apache-2.0
// The encoder's half of the range coder in device/src/codec/bits.c. Owned by one encode() call.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace frugal::model {

class RangeEncoder {
public:
    /// One bit whose probability of a 1 is `probability` / 65536.
    void predicted(std::uint32_t bit, std::uint32_t probability);
    /// `count` (0..32) bits of `value` at equal probability, highest first.
    void plain(std::uint32_t value, std::uint32_t count);
    /// One of `count` (1..256) values of equal probability.
    void uniform(std::uint32_t value, std::uint32_t count);
    /// Writes what is pending: after it the decoder's code is `code`, below 2^24.
    void finish(std::uint32_t code);
    const base::Bytes& bytes() const { return bytes_; }
    /// Information coded so far, bits.
    double cost_bits() const { return cost_bits_; }

private:
    void shift_out();

    base::Bytes bytes_;
    std::uint64_t low_ = 0;
    std::uint32_t range_ = 0xFFFFFFFFU;
    std::uint64_t pending_ = 1;  ///< the held byte and the 0xFF bytes behind it
    std::uint8_t held_ = 0;
    bool is_first_ = true;  ///< the very first byte is always 0 and is left out
    double cost_bits_ = 0;
};

}  // namespace frugal::model
