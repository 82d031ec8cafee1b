// SPDX-License-Identifier: Apache-2.0
#include "core/features.hpp"

namespace frugal::core {

void wipe_bytes(std::span<std::uint8_t> bytes) {
    volatile std::uint8_t* byte = bytes.data();
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        byte[i] = 0;
    }
}

Features& Features::operator=(Features&& other) noexcept {
    if (this != &other) {
        wipe();
        bytes_ = std::move(other.bytes_);
        other.bytes_.clear();
    }
    return *this;
}

void Features::wipe() {
    wipe_bytes(bytes_);
    bytes_.clear();
}

}  // namespace frugal::core
