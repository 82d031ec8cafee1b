// SPDX-License-Identifier: Apache-2.0
#include "core/offload/fair_share.hpp"

#include <algorithm>

namespace frugal::core {

std::uint32_t FairShare::Ring::active() const {
    return std::max({asking, asked, 1U});
}

// A flow that sat out rounds has not saved them up: two quanta are the most anybody holds.
void FairShare::touch(Ring& ring, Flow& flow) const {
    if (flow.round == ring.round) {
        return;
    }
    const auto rounds = flow.round == 0 ? 2 : std::min<std::uint64_t>(ring.round - flow.round, 2);
    flow.deficit =
        std::min(2 * quantum_, flow.deficit + static_cast<std::int64_t>(rounds) * quantum_);
    flow.round = ring.round;
    ++ring.asking;
}

void FairShare::serve(Ring& ring, base::Duration work) const {
    ring.served += work;
    const auto whole = quantum_ * ring.active();
    if (ring.served >= whole) {
        ring.served -= whole;
        ++ring.round;
        ring.asked = ring.asking;
        ring.asking = 0;
    }
}

bool FairShare::may_have(GroupNumber group, DeviceNumber device) {
    auto& of_group = groups_[group];
    auto& flow = of_group.devices[device];
    touch(groups_ring_, of_group.flow);
    touch(of_group.ring, flow);
    const auto has_turn = [](const Ring& ring, const Flow& of_ring) {
        return ring.active() == 1 || of_ring.deficit > base::Duration(0);
    };
    return has_turn(groups_ring_, of_group.flow) && has_turn(of_group.ring, flow);
}

void FairShare::charge(GroupNumber group, DeviceNumber device, base::Duration work) {
    auto& of_group = groups_[group];
    auto& flow = of_group.devices[device];
    // What somebody had while he was alone is held against him for two rounds at most.
    of_group.flow.deficit = std::max(of_group.flow.deficit - work, -2 * quantum_);
    flow.deficit = std::max(flow.deficit - work, -2 * quantum_);
}

void FairShare::refund(GroupNumber group, DeviceNumber device, base::Duration work) {
    charge(group, device, -work);
}

void FairShare::done(GroupNumber group, base::Duration work) {
    serve(groups_ring_, work);
    const auto found = groups_.find(group);
    if (found != groups_.end()) {
        serve(found->second.ring, work);
    }
}

void FairShare::clear() {
    groups_.clear();
    groups_ring_ = {};
}

}  // namespace frugal::core
