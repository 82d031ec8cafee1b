// SPDX-License-Identifier: Apache-2.0
// What a virtual device asks of the world around it and tells it: its radio and an observer. The
// swarm implements it over MQTT, the test world over its virtual network. Calls come from inside
// the device's own calls: do not call back into the device there.
#pragma once

#include <optional>

#include "device-sim/support/bytes.hpp"
#include "frugal/port.h"

namespace frugal::swarm {

class DeviceHost {
public:
    virtual ~DeviceHost() = default;

    /// Takes one message for the gateway. False if it cannot be taken now.
    virtual bool send(fr_up_kind_t kind, ByteView payload) = 0;

    /// Joins or leaves the shared chunk topic of an artifact (32 bytes).
    virtual void join_shared(ByteView artifact) = 0;
    virtual void leave_shared(ByteView artifact) = 0;

    /// What the radio sees: the moving average of the round trip.
    virtual std::uint16_t rtt_ms() const = 0;

    /// A decision is final and in flash. `label` is the true class if the sample is known.
    virtual void on_decided(const fr_decision_t& decision, std::optional<int> label) = 0;
    virtual void on_phase(std::uint32_t task, fr_phase_t phase, fr_reason_t reason) = 0;
};

}  // namespace frugal::swarm
