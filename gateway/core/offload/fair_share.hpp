// SPDX-License-Identifier: Apache-2.0
// Who may have the engines while more is asked for than they can do: deficit round robin, first
// among groups of devices, then among the devices of a group. A deficit is engine time; a round
// ends when the engines did a quantum for everybody who asked. The quantum is at least the longest
// work asked for lately, or who asks for long work would get more than his part. Used at the door,
// where work is promised: what was promised runs by its deadline. Owned by the desk; O(log n), no
// rounds are walked.
#pragma once

#include <cstdint>
#include <map>

#include "base/time.hpp"
#include "core/numbers.hpp"

namespace frugal::core {

using GroupNumber = std::uint32_t;

class FairShare {
public:
    /// What a device and its group paid for one work; less than the work where they were poor.
    struct Charge {
        base::Duration of_group{0};
        base::Duration of_device{0};
    };

    /// quantum: engine time of one device (or group) in one round, at least.
    explicit FairShare(base::Duration quantum) : quantum_(quantum) {}

    /// Somebody asks; true while its deficit and its group's are not used up.
    bool may_have(GroupNumber group, DeviceNumber device);
    Charge charge(GroupNumber group, DeviceNumber device, base::Duration work);
    /// What was charged was not done.
    void refund(GroupNumber group, DeviceNumber device, const Charge& charge);
    /// The engines did work of this group: rounds go on.
    void done(GroupNumber group, base::Duration work);

    /// Everybody starts anew.
    void clear();

private:
    struct Flow {
        std::uint64_t round = 0;  ///< when it last asked
        base::Duration deficit{0};
    };
    /// One ring of flows, its rounds counted.
    struct Ring {
        std::uint64_t round = 1;
        base::Duration served{0};  ///< in this round
        std::uint32_t asking = 0;  ///< flows seen in this round
        std::uint32_t asked = 0;   ///< and in the one before
        std::uint32_t active() const;
    };
    struct Group {
        Flow flow;
        Ring ring;
        std::map<DeviceNumber, Flow> devices;
    };

    base::Duration quantum() const;
    void touch(Ring& ring, Flow& flow) const;
    /// True when a round ended.
    bool serve(Ring& ring, base::Duration work) const;
    base::Duration take(Flow& flow, base::Duration work) const;

    base::Duration quantum_;
    base::Duration longest_{0};         ///< work charged in this round of groups
    base::Duration longest_before_{0};  ///< and in the one before
    Ring groups_ring_;
    std::map<GroupNumber, Group> groups_;
};

}  // namespace frugal::core
