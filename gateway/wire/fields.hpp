// SPDX-License-Identifier: Apache-2.0
// Checks of single fields while a message is decoded: the first failure is kept, later ones
// ignored, so that a decoder reads straight down and asks once. Private to gateway/wire; on the
// stack.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

namespace frugal::wire {

inline constexpr std::uint64_t kSequenceMax = (1ULL << 53) - 1;  ///< exact in JSON too

class Fields {
public:
    explicit Fields(std::string_view message) : message_(message) {}

    bool is_good() const { return !error_.has_value(); }

    /// Ends the decoding with what went wrong.
    tl::unexpected<base::Error> error() const { return tl::unexpected<base::Error>(*error_); }

    void refuse(std::string_view field, std::string_view cause) {
        if (!error_) {
            error_ = base::Error{base::ErrorKind::kInvalidInput,
                                 std::string(message_) + "." + std::string(field),
                                 std::string(cause), "See proto/README.md"};
        }
    }

    template <typename Number>
    Number range(std::string_view field, Number value, Number low, Number high) {
        if (value < low || value > high) {
            refuse(field, "not in " + std::to_string(low) + ".." + std::to_string(high));
        }
        return value;
    }

    /// A q8 value: 0..255.
    std::uint8_t byte(std::string_view field, std::uint32_t value) {
        return static_cast<std::uint8_t>(range<std::uint32_t>(field, value, 0, 255));
    }

    template <typename Enum>
    Enum closed(std::string_view field, int value, std::uint32_t last) {
        if (value < 0 || static_cast<std::uint32_t>(value) > last) {
            refuse(field, "value " + std::to_string(value) + " is not in the closed list");
            return Enum{};
        }
        return static_cast<Enum>(value);
    }

    template <std::size_t size>
    std::array<std::uint8_t, size> fixed(std::string_view field, const std::string& bytes) {
        std::array<std::uint8_t, size> result{};
        if (bytes.size() != size) {
            refuse(field,
                   "has " + std::to_string(bytes.size()) + " bytes, not " + std::to_string(size));
            return result;
        }
        std::copy(bytes.begin(), bytes.end(), result.begin());
        return result;
    }

    std::optional<base::Digest> optional_digest(std::string_view field, const std::string& bytes) {
        if (bytes.empty()) {
            return std::nullopt;
        }
        return fixed<32>(field, bytes);
    }

    /// A name [a-z0-9-]{1,64}; on failure some valid name, never used.
    template <typename Name>
    Name name(std::string_view field, const std::string& text) {
        auto parsed = Name::parse(text);
        if (!parsed) {
            refuse(field, "is not [a-z0-9-]{1,64}");
            return *Name::parse("invalid");
        }
        return *parsed;
    }

private:
    std::string_view message_;
    std::optional<base::Error> error_;
};

}  // namespace frugal::wire
