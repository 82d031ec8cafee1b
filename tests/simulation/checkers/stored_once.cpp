// SPDX-License-Identifier: Apache-2.0
// I2: at most one row for each (device, stream, sequence), and it says what the device decided.
#include <set>

#include <fmt/format.h>

#include "frugal/message.h"
#include "simulation/checkers/make.hpp"

namespace frugal::simulation {

namespace {

bool says_the_same(const storage::DecisionRow& row, const fr_decision_t& told) {
    return row.boot_epoch == told.boot_epoch && row.task == told.task &&
           row.release == told.release && row.ticks == told.ticks &&
           row.class_id == told.class_id && row.confidence == told.confidence_q8 &&
           static_cast<std::uint32_t>(row.tier) == told.tier &&
           static_cast<std::uint32_t>(row.policy_reason) == told.reason;
}

class StoredOnce final : public Checker {
public:
    using Checker::Checker;

    void on_loaded(const DatabaseView& database) override {
        std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
        for (const auto& row : database.rows) {
            if (!seen.emplace(row.stream.value, row.sequence).second) {
                trace_.violate(
                    "I2", fmt::format("{} stream {:x}: two rows for sequence {}", row.device.text(),
                                      row.stream.value, row.sequence));
            }
            check_content(row);
        }
    }

private:
    void check_content(const storage::DecisionRow& row) {
        const auto truth = oracle_.streams.find(row.stream.value);
        if (truth == oracle_.streams.end()) {
            trace_.violate("I2", fmt::format("{}: a row of a stream nobody has: {:x}",
                                             row.device.text(), row.stream.value));
            return;
        }
        const auto told = truth->second.told.find(row.sequence);
        if (told == truth->second.told.end()) {
            // Its power was cut in the very call that decided it: nobody was told.
            if (row.sequence >= truth->second.produced) {
                trace_.violate("I2",
                               fmt::format("{} stream {:x}: sequence {} was never decided",
                                           row.device.text(), row.stream.value, row.sequence));
            }
            return;
        }
        for (const auto& candidate : told->second) {
            if (says_the_same(row, candidate)) {
                return;
            }
        }
        // Of two clones only one was told: the other lost power in the very call that decided it.
        if (truth->second.is_cloned && told->second.size() == 1) {
            return;
        }
        trace_.violate("I2", fmt::format("{} stream {:x}: the row of sequence {} says something "
                                         "else than the device decided",
                                         row.device.text(), row.stream.value, row.sequence));
    }
};

}  // namespace

std::unique_ptr<Checker> make_stored_once(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<StoredOnce>(o, t, s);
}

}  // namespace frugal::simulation
