// SPDX-License-Identifier: Apache-2.0
// Fingerprints of escalated inputs: hashes of 16-byte windows with enough different bytes that they
// turn up nowhere by chance. The ledger keeps only these, never an input; the scan looks for them
// at every offset of every file. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "device-sim/support/bytes.hpp"

namespace frugal::swarm {

constexpr std::size_t kWindowBytes = 16;
constexpr std::size_t kWindowDistinctBytes = 12;  ///< fewer: an ordinary pattern
constexpr std::size_t kWindowsPerInput = 8;

/// Hash of the 16 bytes at `window`.
std::uint64_t window_hash(const std::uint8_t* window);

/// Hashes of up to kWindowsPerInput windows, spread over the input.
std::vector<std::uint64_t> input_windows(ByteView input);

}  // namespace frugal::swarm
