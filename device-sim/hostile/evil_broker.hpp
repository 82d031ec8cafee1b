// SPDX-License-Identifier: Apache-2.0
// What a malicious broker does to the messages of one device: breaks signatures, replays old
// manifests, spoils blocks. It sits between the real broker and the node, so everything else stays
// real. Owned by the device's link, loop thread. It can only spoil and replay, never sign.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "device-sim/scenarios/scenario.hpp"
#include "device-sim/support/random.hpp"
#include "frugal/message.h"

namespace frugal::swarm {

struct DownMessage {
    fr_down_kind_t kind;
    Bytes payload;
};

class EvilBroker {
public:
    EvilBroker(const HostileScenario& scenario, std::uint64_t seed)
        : scenario_(scenario), random_(seed) {}

    /// What reaches the node instead of this message: itself, something spoiled, or more.
    /// @param burned_counter the node's anti-rollback counter, as it stands
    std::vector<DownMessage> pass(DownMessage message, std::uint32_t burned_counter);

    /// True once a message was spoiled or replayed.
    bool has_struck() const { return strikes_ > 0; }
    std::uint64_t strikes() const { return strikes_; }

private:
    void break_signature(DownMessage& message);
    void spoil_block(DownMessage& message);
    std::optional<DownMessage> replay(const DownMessage& message, std::uint32_t burned_counter);

    HostileScenario scenario_;
    Random random_;
    std::uint64_t strikes_ = 0;
    Bytes recorded_;                      ///< the first desired state with a manifest
    std::uint32_t recorded_counter_ = 0;  ///< of that manifest
};

}  // namespace frugal::swarm
