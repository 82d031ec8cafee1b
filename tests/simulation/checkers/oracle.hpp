// SPDX-License-Identifier: Apache-2.0
// What really happened, as each device saw it: the decisions it was told are final, the acks it
// took, what its ring gave up. The checkers compare the gateway's database with it. Owned by the
// world, filled in by the devices; never looks at the gateway.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "frugal/port.h"

namespace frugal::simulation {

struct StreamTruth {
    std::string device{};                                        ///< its certificate's name
    std::map<std::uint64_t, std::vector<fr_decision_t>> told{};  ///< by sequence; two if cloned
    std::uint64_t produced = 0;  ///< next sequence number, as last seen
    std::uint64_t acked = 0;     ///< everything below was acknowledged, as a device understood it
    std::uint64_t oldest = 0;    ///< nothing below is on the device any more
    bool is_cloned = false;
    bool is_gone = false;  ///< its storage was replaced
};

class Oracle {
public:
    std::map<std::uint64_t, StreamTruth> streams;

    /// A database from a backup: what was acknowledged before may be gone, and must be declared.
    bool had_amnesia = false;
    std::uint64_t oldest_believed_epoch = 0;  ///< acks of earlier epochs do not count any more
    std::uint64_t highest_epoch_sent = 0;

    void forget_acks() {
        had_amnesia = true;
        oldest_believed_epoch = highest_epoch_sent + 1;
        for (auto& [id, stream] : streams) {
            stream.acked = 0;
        }
    }
};

}  // namespace frugal::simulation
