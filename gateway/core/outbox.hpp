// SPDX-License-Identifier: Apache-2.0
// Where the core's parts put what they want: effects that may happen now, effects that wait for the
// commit, and the rows of that commit. Owned by Tick; one thread; holds no state of its own.
#pragma once

#include <vector>

#include "core/effect.hpp"
#include "core/write.hpp"

namespace frugal::core {

struct Outbox {
    std::vector<Effect> immediate;
    std::vector<Effect> after_commit;
    WriteBatch writes;
    std::size_t row_limit = 0;

    /// False when the disk is behind: whoever may be asked again is turned away.
    bool has_room(std::size_t rows) const { return writes.rows() + rows <= row_limit; }
};

}  // namespace frugal::core
