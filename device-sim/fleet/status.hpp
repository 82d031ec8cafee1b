// SPDX-License-Identifier: Apache-2.0
// What a running swarm tells: one JSON object of everything it counted, and the same as named
// totals for the ledger. Also the only place that reads the wall clock, to label lines for people.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace frugal::swarm {

class Fleet;

std::int64_t unix_time_ms();

/// One line, no newline. Keys: README.md.
std::string status_json(const Fleet& fleet);

/// Sums worth keeping: traffic, energy, faults. Never decisions, which the ledger lists.
std::map<std::string, double> totals_of(const Fleet& fleet);

}  // namespace frugal::swarm
