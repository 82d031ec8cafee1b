// SPDX-License-Identifier: Apache-2.0
// What every part of the core gets along with an event: the time and where its wishes go. Lives on
// the stack of one step.
#pragma once

#include "base/time.hpp"
#include "core/outbox.hpp"

namespace frugal::core {

struct Step {
    base::Now now;
    Outbox& out;

    void write(Write record) const { out.writes.records.push_back(std::move(record)); }
    void immediately(Effect effect) const { out.immediate.push_back(std::move(effect)); }
    void after_commit(Effect effect) const { out.after_commit.push_back(std::move(effect)); }
};

}  // namespace frugal::core
