// SPDX-License-Identifier: Apache-2.0
// Which devices can obey a form of a policy at all: those that run a model of its task, for which
// the form is or another one can be made. Owned by PolicyDesk, on its thread; keeps nothing, asks
// for no form and tells no device.
#pragma once

#include "core/catalogue.hpp"
#include "core/offload/policy_bindings.hpp"
#include "core/record.hpp"

namespace frugal::core {

class PolicyReach {
public:
    PolicyReach(const Catalogue& catalogue, const PolicyBindings& bindings)
        : catalogue_(catalogue), bindings_(bindings) {}

    const Catalogue& catalogue() const { return catalogue_; }

    /// A device may report what it likes: forms are made for models that were released.
    bool is_released(std::uint32_t task, const base::Digest& model) const;

    /// No form for devices with this model is made, or can be; also while one is being made.
    bool is_out_of_reach(const PolicyBindings::Pair& pair, std::uint32_t task) const;

    /// False for a device without a model of the task, and for one whose model no form can be made
    /// for; true while that is not known.
    bool can_obey(const DeviceRecord& device, std::uint32_t task, const SignedPointer& form) const;

private:
    const Catalogue& catalogue_;
    const PolicyBindings& bindings_;
};

}  // namespace frugal::core
