// SPDX-License-Identifier: Apache-2.0
// Per-device accounts of energy and bytes that outlive reboots: a device counts since its boot, the
// ledger adds up its boots. Owned by the core. An account is written when a boot is over, at a
// device's good-bye, and now and then in between: only a crash of the gateway together with a
// reboot of the device loses what came since the last row. A device that told nothing has no
// account.
#pragma once

#include <optional>
#include <vector>

#include "core/config.hpp"
#include "core/energy.hpp"
#include "core/step.hpp"

namespace frugal::core {

class EnergyLedger {
public:
    EnergyLedger(const std::vector<EnergyRecord>& records, const EnergyConfig& config);

    /// Takes a device's counters in. Those of an earlier boot of the same stream came late and are
    /// left out; within a boot counters only rise.
    void on_health(const Step& step, DeviceNumber device, const Health& health);

    /// The device is gone, for long perhaps: what was not written yet is.
    void on_bye(const Step& step, DeviceNumber device);

    EnergyCounters totals_of(DeviceNumber device) const;
    EnergyCounters fleet_totals() const;

private:
    struct Account {
        EnergyRecord record;
        std::optional<base::Instant> written_at{};
        bool is_written = true;
    };
    Account& account_of(DeviceNumber device);
    static void write(const Step& step, Account& account);

    std::vector<std::optional<Account>> accounts_;  ///< by device number
    EnergyConfig config_;
};

}  // namespace frugal::core
