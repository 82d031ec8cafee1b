// SPDX-License-Identifier: Apache-2.0
// A campaign: one scenario driven again and again from the same flash image, its power cut at a
// chosen operation each time, then driven on to its end and judged. Owned by one test.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "support/device/device_world.hpp"

namespace frugal::test {

struct Scenario {
    std::string name;
    /// Leaves the flash as it is before the part that is cut.
    std::function<void(DeviceWorld&)> prepare;
    /// What the site wants from then on.
    std::function<void(SiteModel&)> change;
    /// True when nothing is left to happen.
    std::function<bool(const DeviceWorld&)> is_over;
    /// Releases that may run, ever.
    std::vector<std::uint32_t> allowed_releases;
    Shape shape;
    /// What may travel besides after an operation that failed: a base lost with the only slot.
    std::uint32_t refetch_bytes = 0;
};

struct Cut {
    std::uint64_t operation;
    Tear tear;
};

class Campaign {
public:
    Campaign(const ReleaseMaker& maker, Scenario scenario);

    /// Operations of an undisturbed run.
    std::uint64_t operations() const { return operations_; }

    /// What an undisturbed run declares as dropped.
    std::uint64_t declared_dropped() const { return declared_dropped_; }

    /// Runs with these cuts, one after the other. Adds to problems() what is wrong.
    void run(const std::vector<Cut>& cuts);

    /// Runs with one operation failing, the power on.
    void run_with_fault(std::uint64_t operation, Tear tear);

    const std::vector<std::string>& problems() const { return problems_; }
    std::size_t states() const { return states_.size(); }
    std::uint64_t runs() const { return runs_; }
    std::uint64_t reboots() const { return reboots_; }

private:
    void restore(DeviceWorld& world) const;
    void protect(DeviceWorld& world) const;
    bool drive(DeviceWorld& world);
    void judge_boot(DeviceWorld& world, const std::string& where);
    void judge_end(const DeviceWorld& world, const std::string& where, std::size_t cuts,
                   std::uint32_t refetch_bytes = 0);
    void complain(const std::string& where, const std::string& what);

    const ReleaseMaker& maker_;
    Scenario scenario_;
    std::vector<std::uint8_t> image_;
    SiteModel site_;
    std::uint32_t burned_before_ = 0;
    std::uint64_t operations_ = 0;
    std::uint64_t declared_dropped_ = 0;
    std::uint64_t runs_ = 0;
    std::uint64_t reboots_ = 0;
    std::set<std::uint64_t> states_;  ///< hashes of flash images at a reboot
    std::vector<std::string> problems_;
};

std::string describe(const std::vector<Cut>& cuts);

}  // namespace frugal::test
