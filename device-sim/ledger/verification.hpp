// SPDX-License-Identifier: Apache-2.0
// Compares the swarm's ledger with the gateway's database: nothing acknowledged is missing, nothing
// is there twice, every gap was declared. Pure; the figures carry up to a few examples each.
#pragma once

#include <string>

#include "device-sim/ledger/ledger.hpp"
#include "device-sim/ledger/stored.hpp"

namespace frugal::swarm {

struct Verification {
    std::uint64_t produced = 0;    ///< decisions in the ledger
    std::uint64_t committed = 0;   ///< of them, found in the database with the same content
    std::uint64_t rows = 0;        ///< decision rows of the ledger's streams
    std::uint64_t lost = 0;        ///< acknowledged but missing, not declared lost, or different
    std::uint64_t different = 0;   ///< part of lost: stored with another content
    std::uint64_t duplicated = 0;  ///< rows beyond the first of a sequence
    std::uint64_t pending = 0;     ///< neither acknowledged nor stored: still on the device
    std::uint64_t unacked_stored = 0;  ///< stored, the ack had not arrived
    std::uint64_t declared_dropped = 0;
    std::uint64_t gap_mismatches = 0;      ///< sequences in a declared gap of one side only
    std::uint64_t unledgered = 0;          ///< rows the ledger knows nothing of (killed in between)
    std::uint64_t acked_above_stored = 0;  ///< streams acknowledged beyond the database's head
    std::vector<std::string> examples;

    bool is_clean() const {
        return lost == 0 && duplicated == 0 && gap_mismatches == 0 && acked_above_stored == 0;
    }
};

Verification compare(const Ledger& ledger, const Stored& stored);

}  // namespace frugal::swarm
