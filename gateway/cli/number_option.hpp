// SPDX-License-Identifier: Apache-2.0
// Range checks of options. CLI11's own lets NaN pass, which is neither below nor above anything,
// and makes 2^64 - 3 of -3 where the option has 64 bits without a sign. Pure; main thread.
#pragma once

#include <cstdint>

#include <CLI/App.hpp>

namespace frugal::cli {

/// Accepts finite decimal numbers from `least` to `most`, both included.
CLI::Validator number_within(double least, double most);

/// Accepts decimal whole numbers without a sign from `least` to `most`, both included.
CLI::Validator whole_number_within(std::uint64_t least, std::uint64_t most);

}  // namespace frugal::cli
