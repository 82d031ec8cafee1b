// SPDX-License-Identifier: Apache-2.0
// A device's NOR flash in memory, behind the node library's flash port. Owned by one virtual
// device, one thread. With a file it is mapped shared: what was programmed survives kill -9 of the
// swarm exactly as flash survives a power cut. It enforces NOR rules (a unit is programmed once
// between two erases; violations are counted and refused) and can cut the power at the n-th
// operation: that one is left torn, and nothing works until restore_power().
// Fresh pages read as zero, not as 0xFF: memory nobody erased yet, which costs no RAM until
// touched.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>

#include "device-sim/support/random.hpp"
#include "device-sim/support/result.hpp"
#include "frugal/flash.h"

namespace frugal::swarm {

/// Bytes that went through an area's cells.
struct FlashWear {
    std::uint64_t erased_bytes = 0;
    std::uint64_t programmed_bytes = 0;
};

class FlashMemory {
public:
    /// Anonymous memory, or a sparse file of that size (created if missing, refused if of another).
    static Result<FlashMemory> create(std::uint32_t size, std::uint32_t sector_size,
                                      const std::optional<std::filesystem::path>& file);

    FlashMemory(FlashMemory&& other) noexcept;
    FlashMemory& operator=(FlashMemory&& other) noexcept;
    ~FlashMemory();

    /// The port table; it points to this object, which must not move afterwards.
    fr_flash_t port();

    /// Cuts the power once, at the n-th program or erase from now, 1 being the next.
    void cut_power_after(std::uint64_t operations, std::uint64_t seed);
    bool has_power() const { return has_power_; }
    void cut_power() { has_power_ = false; }
    void restore_power();

    std::uint64_t operations() const { return operations_; }
    std::uint64_t violations() const { return violations_; }
    std::uint64_t sectors_erased() const { return sectors_erased_; }
    std::uint64_t bytes_programmed() const { return bytes_programmed_; }
    std::uint32_t size() const { return size_; }

    /// Splits the flash in two areas for take_wear(); a boundary of 0 leaves one, the upper.
    void set_boundary(std::uint32_t offset) { boundary_ = offset; }
    /// What was worn below, or from the boundary on, since the last call.
    FlashWear take_wear_below() { return std::exchange(wear_[0], {}); }
    FlashWear take_wear_above() { return std::exchange(wear_[1], {}); }

private:
    FlashMemory() = default;
    fr_status_t erase(std::uint32_t offset);
    fr_status_t program(std::uint32_t offset, const std::uint8_t* bytes, std::uint32_t size);
    /// True if this operation is the one to tear.
    bool is_cut_now();
    /// Garbage in [offset, offset + size): what an interrupted operation leaves.
    void tear(std::uint32_t offset, std::uint32_t size);
    void unmap();

    std::uint8_t* memory_ = nullptr;
    std::uint32_t size_ = 0;
    std::uint32_t sector_size_ = 0;
    bool has_power_ = true;
    std::uint64_t operations_ = 0;
    std::uint64_t cut_at_ = 0;  ///< operation number; 0 for never
    std::uint64_t violations_ = 0;
    std::uint64_t sectors_erased_ = 0;
    std::uint64_t bytes_programmed_ = 0;
    std::uint32_t boundary_ = 0;
    FlashWear wear_[2];  ///< below and above
    Random random_{0};
};

}  // namespace frugal::swarm
