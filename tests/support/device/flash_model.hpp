// SPDX-License-Identifier: Apache-2.0
// Simulated flash: counts operations (one erase of a sector, one programmed word), can cut the
// power at any of them, cleanly or torn, and remembers every breach of the port's contract. Owned
// by one test, one thread. After a cut every operation fails until power_on().
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "frugal/flash.h"

namespace frugal::test {

enum class Tear {
    kClean,  ///< the cut operation did nothing
    kHalf,   ///< half a word programmed, half a sector erased
    kDone,   ///< the operation completed, its caller never heard of it
    kNoise   ///< the word or sector holds arbitrary bits
};

inline constexpr std::array kEveryTear = {Tear::kClean, Tear::kHalf, Tear::kDone, Tear::kNoise};

class FlashModel {
public:
    FlashModel(std::uint32_t size, std::uint32_t sector_size);

    fr_flash_t port();

    /// Cuts the power at operation number `operation` (counted from 0 since the last power_on).
    void cut_at(std::uint64_t operation, Tear tear);
    /// Lets one operation fail as a cut would leave it, with the power on.
    void fail_at(std::uint64_t operation, Tear tear);
    void power_on();

    bool is_cut() const { return is_cut_; }
    std::uint64_t operations() const { return operations_; }
    const std::vector<std::string>& breaches() const { return breaches_; }

    /// Called before every operation with its offset and size; returns what is wrong, or "".
    std::function<std::string(std::uint32_t offset, std::uint32_t size)> guard;

    std::vector<std::uint8_t> bytes;
    std::vector<std::uint32_t> erase_counts;

private:
    static const std::uint8_t* map(void* context, std::uint32_t offset);
    static fr_status_t erase(void* context, std::uint32_t offset);
    static fr_status_t program(void* context, std::uint32_t offset, const std::uint8_t* bytes,
                               std::uint32_t size);

    bool strikes();
    void breach(const std::string& what, std::uint32_t offset);
    void check_guard(std::uint32_t offset, std::uint32_t size);
    void tear_word(std::uint32_t offset, const std::uint8_t* word);
    void tear_sector(std::uint32_t offset);
    std::uint8_t noise();

    std::uint32_t sector_size_;
    std::uint64_t operations_ = 0;
    std::uint64_t cut_at_ = UINT64_MAX;
    Tear tear_ = Tear::kClean;
    bool is_cut_ = false;
    bool keeps_power_ = false;
    std::uint32_t noise_ = 2463534242U;
    std::vector<std::string> breaches_;
};

}  // namespace frugal::test
