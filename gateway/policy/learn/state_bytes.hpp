// SPDX-License-Identifier: Apache-2.0
// Private to this folder: a learner's state as a few hundred little-endian bytes, and back. Plain
// values. A reader that meets damage says so and yields zeros.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/bytes.hpp"

namespace frugal::policy {

class StateWriter {
public:
    void u8(std::uint32_t value) { number(value, 1); }
    void u16(double value) {
        number(static_cast<std::uint32_t>(std::lround(std::clamp(value, 0.0, 65535.0))), 2);
    }
    void i16(double value) {
        const auto whole = std::lround(std::clamp(value, -32768.0, 32767.0));
        number(static_cast<std::uint16_t>(whole), 2);
    }
    void u32(std::uint32_t value) { number(value, 4); }
    void real(double value) { number(std::bit_cast<std::uint32_t>(static_cast<float>(value)), 4); }
    base::Bytes take() { return std::move(bytes_); }

private:
    void number(std::uint32_t value, int size_bytes) {
        for (int i = 0; i < size_bytes; ++i) {
            bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
        }
    }
    base::Bytes bytes_;
};

class StateReader {
public:
    explicit StateReader(base::ByteView bytes) : rest_(bytes) {}

    std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
    std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
    std::int16_t i16() { return static_cast<std::int16_t>(number(2)); }
    std::uint32_t u32() { return number(4); }
    /// What is no finite number is damage.
    double real() {
        const double value = std::bit_cast<float>(number(4));
        is_good_ = is_good_ && std::isfinite(value);
        return is_good_ ? value : 0;
    }
    base::ByteView rest() const { return rest_; }
    bool is_good() const { return is_good_; }

private:
    std::uint32_t number(std::size_t size_bytes) {
        if (rest_.size() < size_bytes) {
            is_good_ = false;
            rest_ = {};
            return 0;
        }
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < size_bytes; ++i) {
            value |= std::uint32_t{rest_[i]} << (8 * i);
        }
        rest_ = rest_.subspan(size_bytes);
        return value;
    }
    base::ByteView rest_;
    bool is_good_ = true;
};

}  // namespace frugal::policy
