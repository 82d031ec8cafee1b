// SPDX-License-Identifier: Apache-2.0
// What one run of the swarm counted, over all its devices. Owned by the fleet, loop thread. The
// status line and the ledger's totals are made from it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "frugal/message.h"

namespace frugal::swarm {

struct Traffic {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;  ///< payloads
};

/// Right answers out of those whose truth is known.
struct Accuracy {
    std::uint64_t right = 0;
    std::uint64_t total = 0;

    void count(bool is_right) {
        right += is_right ? 1 : 0;
        ++total;
    }
    double share() const {
        return total == 0 ? 0 : static_cast<double>(right) / static_cast<double>(total);
    }
};

struct Statistics {
    std::uint64_t decisions = 0;
    std::uint64_t recovered = 0;  ///< found in flash after the swarm was killed
    std::uint64_t acked = 0;
    std::uint64_t dropped = 0;  ///< declared
    std::uint64_t samples_without_model = 0;
    std::uint64_t samples_failed = 0;

    std::uint64_t escalations = 0;
    std::uint64_t answered = 0;
    std::uint64_t busy = 0;
    std::uint64_t late = 0;
    Accuracy local;               ///< the device's model, on every labelled decision
    Accuracy system;              ///< the final answer, on the same decisions
    Accuracy local_on_escalated;  ///< on the answered ones
    Accuracy edge_on_escalated;

    std::array<Traffic, FR_UP_KINDS> up{};
    std::array<Traffic, FR_DOWN_KINDS> down{};
    std::uint64_t lost_up = 0;  ///< by the simulated radio
    std::uint64_t lost_down = 0;
    std::uint64_t duplicated = 0;
    std::uint64_t tls_sent_bytes = 0;  ///< of sessions that ended
    std::uint64_t tls_received_bytes = 0;

    std::uint64_t connect_attempts = 0;
    std::uint64_t connects = 0;
    std::uint64_t connects_resumed = 0;  ///< TLS sessions
    std::uint64_t connect_failures = 0;
    std::uint64_t disconnects = 0;
    std::uint64_t hello_unheard = 0;  ///< PUBACK 16: no gateway listens
    std::uint64_t hello_denied = 0;   ///< PUBACK 135: the ACL denies
    std::string last_error;

    std::uint64_t boots = 0;
    std::uint64_t power_cuts = 0;
    std::uint64_t transfers = 0;          ///< begun
    std::uint64_t transfers_resumed = 0;  ///< after a boot
    std::uint64_t attack_strikes = 0;
    std::map<std::string, std::uint64_t> refusals;  ///< by reason
    std::map<std::string, std::uint64_t> reverts;   ///< by reason
};

const char* up_kind_name(fr_up_kind_t kind);
const char* down_kind_name(fr_down_kind_t kind);

/// Words of the closed lists, as in the protocol: "BAD_SIGNATURE", "CONFIRMED".
const char* reason_name(std::uint32_t reason);
const char* phase_name(std::uint32_t phase);

}  // namespace frugal::swarm
