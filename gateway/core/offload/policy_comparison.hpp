// SPDX-License-Identifier: Apache-2.0
// How the devices that obey a staged policy do beside those that do not, class by class, during one
// step. A device counts on the side the gateway put it on, from its first health that agrees, and
// only so much that no device decides alone. Owned by PolicyDesk. Integers only; never halts or
// tells anything itself.
#pragma once

#include <map>

#include "core/catalogue.hpp"
#include "core/config.hpp"
#include "core/fleet/registry.hpp"
#include "core/offload/policy_reach.hpp"

namespace frugal::core {

/// The part for a device class, or the one for "any"; null if there is none.
const PolicyPart* part_for(const PolicyVersionRecord& version, const base::ClassName& device_class);

/// The part that devices of the class obey once the version is in force; null for none, also if
/// they go on with a policy of their own class.
const PolicyPart* part_replacing(const PolicyVersionRecord& version,
                                 const base::ClassName& device_class, const Catalogue& catalogue);

/// The part that this device obeys once the version is in force; null also if it has an override
/// that goes before.
const PolicyPart* part_reaching(const PolicyVersionRecord& version, const DeviceRecord& device,
                                const Catalogue& catalogue);

/// A device's place in the order in which it gets this version: 0..kWholeFleet-1, always the same.
std::uint32_t policy_place(const base::DeviceId& device, std::uint32_t version);

/// Version that this device said it obeys: by its last health, else by its last hello; 0: none.
std::uint32_t obeyed_policy(const Device& device, std::uint32_t task);

class PolicyComparison {
public:
    PolicyComparison() = default;
    /// Of devices with a place below `share`, which obey `version`, with the rest.
    PolicyComparison(PolicyVersionPointer version, std::uint32_t share, const Registry& registry,
                     const PolicyReach& reach);

    /// Who takes part now: a device that got a policy of its own does not any more, nor does one
    /// that cannot obey what its side does.
    void recount(const Registry& registry, const PolicyReach& reach);
    /// After a start it may obey another version than its last health of before said: then its
    /// decisions count on neither side until a health agrees again.
    void on_hello(const Device& device, const Catalogue& catalogue);
    void on_health(const Device& device, const Health& health, const Catalogue& catalogue);
    void on_decisions(const Device& device, const Decisions& decisions, const Catalogue& catalogue,
                      const PolicyConfig& config);

    /// What the devices of some class do worse than others of it; kNone also if too little is
    /// known.
    PolicyHalt verdict(const PolicyConfig& config) const;
    /// Every class with devices on both sides has been compared.
    bool is_complete(const PolicyConfig& config) const;
    /// The version concerns devices, if only those that go by a policy of their own for now, but
    /// nobody is to obey it.
    bool is_without_candidates() const;
    /// So it is because those that were to obey it, or all there are, cannot: they have no model of
    /// its task, or none that a form can be made for.
    bool is_out_of_reach() const;
    /// Some class would obey it unproved: those of it that were to prove it cannot, others can.
    bool has_class_out_of_reach() const;
    /// So it is of some class, because all of it that were to obey have policies of their own.
    bool has_class_without_candidates() const;

    PolicyTally candidate() const { return total(true); }  ///< all classes
    PolicyTally baseline() const { return total(false); }

private:
    struct Side {
        std::uint32_t devices = 0;  ///< at the last count
        std::uint32_t unable = 0;   ///< that cannot obey, at the last count
        PolicyTally tally{};
    };
    struct Class {
        Side candidate;
        Side baseline;
        std::uint32_t spared = 0;  ///< devices that their own policy keeps out, at the last count
        std::uint32_t spared_candidates = 0;  ///< of them, with a place below the share
    };
    /// What is known of one device since the step began.
    struct Heard {
        bool is_obeying = false;  ///< what its side obeys, by its own word
        std::uint32_t boot_epoch = 0;
        std::uint32_t ticks = 0;      ///< of the health that first said so; earlier decisions count
                                      ///< on neither side
        std::uint64_t decisions = 0;  ///< of it that were counted
    };
    /// A side, and what its devices are to obey.
    struct Place {
        Side* side = nullptr;
        std::uint32_t version = 0;
        SignedPointer form{};
    };
    struct Count {
        std::uint32_t devices = 0;
        std::uint32_t unable = 0;
    };

    bool is_concerned(const Device& device) const;
    bool is_spared(const Device& device, const Catalogue& catalogue) const;
    std::optional<Place> place_of(const Device& device, const Catalogue& catalogue);
    Count counted(Side Class::*side) const;
    PolicyTally total(bool is_candidate) const;

    PolicyVersionPointer version_;
    std::uint32_t share_ = 0;
    std::map<base::ClassName, Class> classes_;
    std::map<DeviceNumber, Heard> heard_;
};

}  // namespace frugal::core
