// SPDX-License-Identifier: Apache-2.0
#include "simulation/offload/desk_ledger.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace frugal::simulation {

void DeskLedger::on_verdict(const Key& key, core::VerdictStatus status) {
    ++verdicts_[status];
    const auto found = told_.find(key);
    if (found == told_.end() || found->second) {
        twice_.push_back(fmt::format("device {}: {} was told {}", key.first, key.second,
                                     found == told_.end() ? "unasked" : "twice"));
        return;
    }
    found->second = true;
}

void DeskLedger::compare(const core::EscalationStatistics& books,
                         std::vector<std::string>& violations) {
    violations.insert(violations.end(), twice_.begin(), twice_.end());
    twice_.clear();
    const auto expect = [&violations](const char* what, std::uint64_t counted,
                                      std::uint64_t found) {
        if (counted != found) {
            violations.push_back(fmt::format("books: {} is {}, not {}", what, counted, found));
        }
    };
    const std::uint64_t open = std::uint64_t{books.queued} + books.running;
    const auto untold = std::ranges::count(told_, false, &std::pair<const Key, bool>::second);
    expect("received", books.received, told_.size());
    expect("answered", books.answered, verdicts_[core::VerdictStatus::kAnswered]);
    expect("busy", books.busy, verdicts_[core::VerdictStatus::kBusy]);
    expect("refused and failed", books.refused + books.failed,
           verdicts_[core::VerdictStatus::kRefused]);
    expect("open and expired", open + books.expired, static_cast<std::uint64_t>(untold));
    expect(
        "admitted", books.admitted,
        books.answered + books.withdrawn + books.audits_shed + books.expired + books.failed + open);
}

}  // namespace frugal::simulation
