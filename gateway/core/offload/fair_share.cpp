// SPDX-License-Identifier: Apache-2.0
#include "core/offload/fair_share.hpp"

#include <algorithm>

namespace frugal::core {

std::uint32_t FairShare::Ring::active() const {
    return std::max({asking, asked, 1U});
}

base::Duration FairShare::quantum() const {
    return std::max({quantum_, longest_, longest_before_});
}

// A flow that sat out rounds has not saved them up: two quanta are the most anybody holds.
void FairShare::touch(Ring& ring, Flow& flow) const {
    if (flow.round == ring.round) {
        return;
    }
    const auto rounds = flow.round == 0 ? 2 : std::min<std::uint64_t>(ring.round - flow.round, 2);
    flow.deficit =
        std::min(2 * quantum(), flow.deficit + static_cast<std::int64_t>(rounds) * quantum());
    flow.round = ring.round;
    ++ring.asking;
}

bool FairShare::serve(Ring& ring, base::Duration work) const {
    ring.served += work;
    const auto whole = quantum() * ring.active();
    if (ring.served < whole) {
        return false;
    }
    ring.round += static_cast<std::uint64_t>(ring.served / whole);
    ring.served %= whole;
    ring.asked = ring.asking;
    ring.asking = 0;
    return true;
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

// What somebody had while he was alone is held against him for two rounds at most.
base::Duration FairShare::take(Flow& flow, base::Duration work) const {
    const auto before = flow.deficit;
    flow.deficit = std::min(before, std::max(before - work, -2 * quantum()));
    return before - flow.deficit;
}

FairShare::Charge FairShare::charge(GroupNumber group, DeviceNumber device, base::Duration work) {
    longest_ = std::max(longest_, work);
    auto& of_group = groups_[group];
    return {take(of_group.flow, work), take(of_group.devices[device], work)};
}

void FairShare::refund(GroupNumber group, DeviceNumber device, const Charge& charge) {
    const auto found = groups_.find(group);
    if (found != groups_.end()) {  // else everybody began anew since
        found->second.flow.deficit += charge.of_group;
        found->second.devices[device].deficit += charge.of_device;
    }
}

void FairShare::done(GroupNumber group, base::Duration work) {
    if (serve(groups_ring_, work)) {
        longest_before_ = longest_;
        longest_ = base::Duration(0);
    }
    const auto found = groups_.find(group);
    if (found != groups_.end()) {
        serve(found->second.ring, work);
    }
}

void FairShare::clear() {
    groups_.clear();
    groups_ring_ = {};
    longest_ = longest_before_ = base::Duration(0);
}

}  // namespace frugal::core
