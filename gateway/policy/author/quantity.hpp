// SPDX-License-Identifier: Apache-2.0
// Numbers with a unit as people write them in policy files, and what devices count them in. Read
// exactly, in whole numbers: what devices cannot count is refused, never rounded. Private to this
// folder; constants and pure functions, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace frugal::policy {

/// One of it is `numerator / denominator` of what devices count.
struct Unit {
    std::string_view name;
    std::int64_t numerator = 1;
    std::int64_t denominator = 1;
};

/// What a number is counted in, and the units it may be written in. The first one is shown.
struct Measure {
    std::string_view counted_in;
    std::span<const Unit> units;
    std::string_view remedy;
};

// clang-format off
inline constexpr Unit kPlainUnits[] = {{""}};
inline constexpr Unit kPercentUnits[] = {{"%", 2}};
inline constexpr Unit kEnergyUnits[] = {{"mJ", 16}, {"J", 16'000}};
inline constexpr Unit kSignalUnits[] = {{"dBm"}, {""}};
inline constexpr Unit kBytes16Units[] = {{"B", 1, 16}, {"KiB", 64}};
inline constexpr Unit kBytes64Units[] = {{"B", 1, 64}, {"KiB", 16}};
inline constexpr Unit kMillisecondUnits[] = {{"ms"}, {"s", 1'000}, {"min", 60'000}, {"h", 3'600'000}, {""}};
inline constexpr Unit kDeadlineUnits[] = {{"ms", 1, 8}, {"s", 125}, {"min", 7'500}, {"h", 450'000}};
inline constexpr Unit kHourUnits[] = {{"h"}, {"d", 24}, {"min", 1, 60}, {"s", 1, 3'600}, {"ms", 1, 3'600'000}, {""}};

inline constexpr Measure kWholeNumber = {"a whole number without a unit", kPlainUnits,
                                         "Write it as in `class == 2`."};
inline constexpr Measure kOf256 = {"256ths, a whole number without a unit", kPlainUnits,
                                   "Write 128 for one half, 205 for 0.8."};
inline constexpr Measure kHalfPercent = {"halves of a percent", kPercentUnits,
                                         "Write it as in `battery < 20%` or `battery < 12.5%`."};
inline constexpr Measure kEnergy = {"sixteenths of a millijoule", kEnergyUnits,
                                    "Write it as in `budget < 12.5mJ`."};
inline constexpr Measure kSignal = {"whole dBm", kSignalUnits, "Write it as in `rssi < -70dBm`."};
inline constexpr Measure kBytes16 = {"steps of 16 bytes", kBytes16Units,
                                     "Write it as in `payload > 784B` or `payload > 2KiB`."};
inline constexpr Measure kBytes64 = {"steps of 64 bytes", kBytes64Units,
                                     "Write it as in `free_ram < 640B` or `free_ram < 4KiB`."};
inline constexpr Measure kMilliseconds = {"whole milliseconds", kMillisecondUnits,
                                          "Write it as in `rtt > 800ms` or `rtt > 2s`."};
inline constexpr Measure kHours = {"whole hours", kHourUnits,
                                   "Write it as in `uptime < 2h`, `uptime < 120min` or `uptime < 3d`."};
/// Outside of guards a time has its unit.
inline constexpr Measure kDeadline = {"steps of 8 milliseconds", kDeadlineUnits,
                                      "Write \"800ms\" or \"2s\"."};
inline constexpr Measure kExpiry = {"whole hours", std::span(kHourUnits).first(5),
                                    "Write \"72h\" or \"3d\"."};
// clang-format on

/// The range a number must lie in, in what devices count.
struct Range {
    std::int64_t least = 0;
    std::int64_t most = 0;
};

/// Reads "800ms", "-70dBm", "12.5%", "3": at most 11 digits, no exponent, no space.
/// @return kInvalidInput, with cause and remedy, for anything else, a unit the measure has not,
///         what is no whole number of what devices count (named with the nearest that are), and
///         what lies out of range.
base::Result<std::int64_t> read_quantity(std::string_view text, const Measure& measure,
                                         const Range& range);

/// The number as it is written, in the first unit of the measure: "12.5%".
std::string words_of(std::int64_t value, const Measure& measure);

}  // namespace frugal::policy
