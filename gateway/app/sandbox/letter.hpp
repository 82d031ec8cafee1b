// SPDX-License-Identifier: Apache-2.0
// The bytes between the daemon and a child that reads models: little-endian numbers, bytes with
// their length in front. What comes from the child is as little trusted as what it read: a reader
// that meets damage says so and yields zeros. Plain values.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace frugal::app {

class LetterWriter {
public:
    LetterWriter& number(std::uint64_t value) {
        for (int i = 0; i < 8; ++i) {
            bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
        }
        return *this;
    }
    LetterWriter& bytes(base::ByteView value) {
        number(value.size());
        bytes_.insert(bytes_.end(), value.begin(), value.end());
        return *this;
    }
    LetterWriter& text(std::string_view value) { return bytes(base::as_bytes(value)); }
    base::Bytes take() { return std::move(bytes_); }

private:
    base::Bytes bytes_;
};

class LetterReader {
public:
    explicit LetterReader(base::ByteView bytes) : rest_(bytes) {}

    std::uint64_t number() {
        std::uint64_t value = 0;
        const auto eight = take(8);
        for (std::size_t i = 0; i < eight.size(); ++i) {
            value |= std::uint64_t{eight[i]} << (8 * i);
        }
        return value;
    }
    /// 0, and not good any more, if the number is above the maximum.
    std::uint64_t number(std::uint64_t maximum) {
        const auto value = number();
        is_good_ = is_good_ && value <= maximum;
        return is_good_ ? value : 0;
    }
    base::ByteView bytes(std::uint64_t size_max) {
        return take(static_cast<std::size_t>(number(size_max)));
    }
    std::string text(std::uint64_t size_max) { return std::string(base::as_text(bytes(size_max))); }
    /// Nothing was missing or too large, and nothing is left.
    bool is_whole() const { return is_good_ && rest_.empty(); }
    bool is_good() const { return is_good_; }

private:
    base::ByteView take(std::size_t size) {
        if (!is_good_ || size > rest_.size()) {
            is_good_ = false;
            return {};
        }
        const auto taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return taken;
    }

    base::ByteView rest_;
    bool is_good_ = true;
};

}  // namespace frugal::app
