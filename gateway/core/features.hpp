// SPDX-License-Identifier: Apache-2.0
// The input bytes of one escalation: raw data that must never rest anywhere. Move-only, one owner,
// zeroised when it goes out of life. Cannot be copied, printed, stored or turned into a write.
#pragma once

#include "base/bytes.hpp"

namespace frugal::core {

class Features {
public:
    Features() = default;
    explicit Features(base::Bytes bytes) : bytes_(std::move(bytes)) {}
    ~Features() { wipe(); }
    Features(Features&& other) noexcept : bytes_(std::move(other.bytes_)) { other.bytes_.clear(); }
    Features& operator=(Features&& other) noexcept;
    Features(const Features&) = delete;
    Features& operator=(const Features&) = delete;

    base::ByteView view() const { return bytes_; }
    std::size_t size() const { return bytes_.size(); }

    /// Overwrites and forgets the bytes.
    void wipe();

private:
    base::Bytes bytes_;
};

/// Overwrites memory in a way the compiler may not drop. For buffers that held features.
void wipe_bytes(std::span<std::uint8_t> bytes);

}  // namespace frugal::core
