// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/class_tables.hpp"

#include <algorithm>

namespace frugal::policy {

LearnablePart filled_in(const IsoGain& learner, LearnablePart layout, const GroupBounds& bounds) {
    layout.audit_q8 = learner.audit_q8();
    for (std::uint8_t group = 0; group < layout.groups; ++group) {
        const double factor =
            layout.groups == 1 ? 1 : learner.class_factors().of_group(layout.classes, group);
        layout.tables[group] = bounded(learner.table_times(factor), bounds[group]);
    }
    return layout;
}

LearnablePart learned_part(const IsoGain& learner, const LearnablePart& owner,
                           std::uint32_t classes, const GroupBounds& bounds) {
    LearnablePart layout = owner;
    if (owner.groups == 1) {
        const std::size_t known = std::min<std::size_t>(classes, FR_CLASSES_MAX);
        layout.groups = learner.class_factors().cluster(layout.classes, known, owner.groups_max());
        const auto map_bytes = static_cast<std::uint8_t>((known + 3) / 4);
        layout.map_bytes =
            layout.groups == 1 ? owner.map_bytes : std::max(owner.map_bytes, map_bytes);
    }
    return filled_in(learner, layout, bounds);
}

}  // namespace frugal::policy
