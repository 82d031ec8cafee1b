// SPDX-License-Identifier: Apache-2.0
#include "core/fleet/energy_ledger.hpp"

namespace frugal::core {

EnergyLedger::EnergyLedger(const std::vector<EnergyRecord>& records, const EnergyConfig& config)
    : config_(config) {
    for (const auto& record : records) {
        account_of(record.device).record = record;
    }
}

EnergyLedger::Account& EnergyLedger::account_of(DeviceNumber device) {
    if (index_of(device) >= accounts_.size()) {
        accounts_.resize(index_of(device) + 1);
    }
    auto& account = accounts_[index_of(device)];
    if (!account) {
        account.emplace();
        account->record.device = device;
    }
    return *account;
}

void EnergyLedger::on_health(const Step& step, DeviceNumber device, const Health& health) {
    auto& account = account_of(device);
    auto& record = account.record;
    const bool is_same_stream = record.stream == health.stream;
    if (is_same_stream && health.boot_epoch < record.boot_epoch) {
        return;
    }
    const bool is_new_boot = !is_same_stream || health.boot_epoch != record.boot_epoch;
    if (is_new_boot) {
        record.finished = sum_of(record.finished, record.current);
        record.current = {};
        record.stream = health.stream;
        record.boot_epoch = health.boot_epoch;
    }
    record.current = latest_of(record.current, counters_of(health));
    account.is_written = false;
    if (is_new_boot || !account.written_at ||
        step.now.instant - *account.written_at >= config_.write_interval) {
        write(step, account);
    }
}

void EnergyLedger::on_bye(const Step& step, DeviceNumber device) {
    if (index_of(device) < accounts_.size() && accounts_[index_of(device)] &&
        !accounts_[index_of(device)]->is_written) {
        write(step, *accounts_[index_of(device)]);
    }
}

void EnergyLedger::write(const Step& step, Account& account) {
    account.written_at = step.now.instant;
    account.is_written = true;
    step.write(account.record);
}

EnergyCounters EnergyLedger::totals_of(DeviceNumber device) const {
    if (index_of(device) >= accounts_.size() || !accounts_[index_of(device)]) {
        return {};
    }
    const auto& record = accounts_[index_of(device)]->record;
    return sum_of(record.finished, record.current);
}

EnergyCounters EnergyLedger::fleet_totals() const {
    EnergyCounters totals;
    for (const auto& account : accounts_) {
        if (account) {
            totals = sum_of(sum_of(totals, account->record.finished), account->record.current);
        }
    }
    return totals;
}

}  // namespace frugal::core
