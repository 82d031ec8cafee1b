// SPDX-License-Identifier: Apache-2.0
// Keeps the books of one device: turns what its node says and sends into ledger records and counts.
// Owned by the device's link, loop thread. It never touches a socket.
#pragma once

#include <set>

#include "device-sim/device/device_host.hpp"
#include "device-sim/fleet/link_context.hpp"
#include "device-sim/ledger/ledger.hpp"

namespace frugal::swarm {

class DeviceBooks {
public:
    DeviceBooks(LinkContext& context, std::string device, std::uint32_t task)
        : context_(context), device_(std::move(device)), task_(task) {}

    /// Which stream speaks from now on: a boot may decide before it is over.
    void follow_stream(std::uint64_t stream);
    /// After a boot: writes down what only flash knew.
    void booted(const VirtualDevice& device);
    /// What an earlier run of the swarm wrote down for this device.
    void known_from_ledger(std::uint64_t stream, const StreamLedger& known);

    void decided(const fr_decision_t& decision, std::optional<int> label);
    void sent(fr_up_kind_t kind, ByteView payload);
    void received(fr_down_kind_t kind, ByteView payload);
    void phase(const fr_task_status_t& status, fr_phase_t phase, fr_reason_t reason);
    void power_cut(const fr_task_status_t& status);
    /// Writes down how far the device knows itself acknowledged.
    void acked(std::uint64_t next_sequence);
    void attacked(const char* attack, std::uint32_t reason);

private:
    struct Known {
        std::uint64_t next_sequence = 0;
        std::uint64_t acked = 0;
        std::uint64_t declared_until = 0;
        std::set<std::uint64_t> holes;  ///< below next_sequence, but not in the ledger
    };

    void count_accuracy(const fr_decision_t& decision, int label);
    void declare_gap(const struct DecisionsView& view);

    LinkContext& context_;
    std::string device_;
    std::uint32_t task_;
    std::map<std::uint64_t, Known> known_;  ///< by stream
    std::uint64_t stream_ = 0;
    Known now_;  ///< of that stream
};

}  // namespace frugal::swarm
