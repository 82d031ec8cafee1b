// SPDX-License-Identifier: Apache-2.0
// Small lists in one column: little-endian numbers and length-prefixed bytes. Written and read by
// gateway/storage only. A reader that meets damage says so and yields zeros.
#pragma once

#include <algorithm>
#include <string>

#include "base/bytes.hpp"
#include "core/offload/policy_version.hpp"
#include "core/record.hpp"

namespace frugal::storage {

class Packer {
public:
    Packer& number(std::uint64_t value, int size_bytes) {
        for (int i = 0; i < size_bytes; ++i) {
            bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
        }
        return *this;
    }
    Packer& u32(std::uint32_t value) { return number(value, 4); }
    Packer& raw(base::ByteView value) {
        bytes_.insert(bytes_.end(), value.begin(), value.end());
        return *this;
    }
    Packer& text(std::string_view value) {
        number(value.size(), 2);
        return raw(base::as_bytes(value));
    }
    const base::Bytes& bytes() const { return bytes_; }

private:
    base::Bytes bytes_;
};

class Unpacker {
public:
    explicit Unpacker(base::ByteView bytes) : rest_(bytes) {}

    std::uint64_t number(int size_bytes) {
        const auto bytes = raw(static_cast<std::size_t>(size_bytes));
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            value |= std::uint64_t{bytes[i]} << (8 * i);
        }
        return value;
    }
    std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
    base::ByteView raw(std::size_t size_bytes) {
        if (size_bytes > rest_.size()) {
            is_good_ = false;
            rest_ = {};
            return {};
        }
        const auto bytes = rest_.first(size_bytes);
        rest_ = rest_.subspan(size_bytes);
        return bytes;
    }
    std::string text() { return std::string(base::as_text(raw(number(2)))); }
    template <std::size_t size>
    std::array<std::uint8_t, size> array() {
        std::array<std::uint8_t, size> result{};
        const auto bytes = raw(size);
        std::copy(bytes.begin(), bytes.end(), result.begin());
        return result;
    }
    bool is_at_end() const { return rest_.empty(); }
    /// False if something was missing.
    bool is_good() const { return is_good_; }

private:
    base::ByteView rest_;
    bool is_good_ = true;
};

base::Bytes pack(const std::vector<std::uint32_t>& numbers);
base::Bytes pack(const std::vector<std::string>& texts);
base::Bytes pack(const std::vector<core::Assignment>& assignments);
base::Bytes pack(const core::Capability& capability);
base::Bytes pack(const std::vector<core::TaskState>& states);
base::Bytes pack(const std::vector<core::SelfTest>& tests);
base::Bytes pack(const std::vector<core::PolicyStep>& steps);
base::Bytes pack(const std::array<std::uint32_t, core::kDecisionWindow>& hashes);

std::vector<std::uint32_t> unpack_numbers(Unpacker& from);
std::vector<std::string> unpack_texts(Unpacker& from);
std::vector<core::Assignment> unpack_assignments(Unpacker& from);
std::optional<core::Capability> unpack_capability(Unpacker& from);
std::vector<core::TaskState> unpack_states(Unpacker& from);
std::vector<core::SelfTest> unpack_tests(Unpacker& from);
std::vector<core::PolicyStep> unpack_steps(Unpacker& from);
std::array<std::uint32_t, core::kDecisionWindow> unpack_hashes(Unpacker& from);

}  // namespace frugal::storage
