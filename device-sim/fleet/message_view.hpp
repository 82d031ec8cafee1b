// SPDX-License-Identifier: Apache-2.0
// What the swarm's ledger needs to know of messages its devices send. Reads with nanopb; pure, any
// thread. Absent means the node library sent something that does not parse: a bug there.
#pragma once

#include <optional>

#include "device-sim/support/bytes.hpp"

namespace frugal::swarm {

struct DecisionsView {
    std::uint64_t stream = 0;
    std::uint64_t first_sequence = 0;
    std::uint32_t count = 0;
    std::optional<std::uint64_t> dropped_from;
};

struct EscalateView {
    std::uint64_t stream = 0;
    std::uint64_t sequence = 0;
    Bytes features;
};

std::optional<DecisionsView> view_decisions(ByteView payload);
std::optional<EscalateView> view_escalate(ByteView payload);

}  // namespace frugal::swarm
