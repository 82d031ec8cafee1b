// SPDX-License-Identifier: Apache-2.0
#include "app/learned_view.hpp"

#include <algorithm>
#include <tuple>

namespace frugal::app {

namespace {

/// The tables of a policy, each with the classes that take it.
std::vector<wire::LearnedGroupView> groups_of(const policy::LearnablePart& part,
                                              std::uint32_t classes) {
    std::vector<wire::LearnedGroupView> groups;
    for (std::size_t group = 0; group < part.groups; ++group) {
        wire::LearnedGroupView view;
        view.table.assign(part.tables[group].begin(), part.tables[group].end());
        for (std::uint32_t id = 0; id < std::min<std::size_t>(classes, part.classes.size()); ++id) {
            if (part.table_of(id) == &part.tables[group]) {
                view.classes.push_back(id);
            }
        }
        groups.push_back(std::move(view));
    }
    return groups;
}

/// What devices use now: answered by the edge model of now, and decided since the start.
bool is_used(const wire::LearnedCellView& view) {
    return view.is_served && view.idle_s.has_value();
}

}  // namespace

void put_used_first(std::vector<wire::LearnedCellView>& views) {
    const auto rank = [](const wire::LearnedCellView& view) {
        return std::make_tuple(view.task, !is_used(view), view.device_class,
                               view.idle_s.value_or(INT64_MAX));
    };
    std::ranges::stable_sort(views, {}, rank);
}

wire::LearnedCellView learned_view(const policy::CellKey& key, const policy::LearnCell& cell) {
    wire::LearnedCellView one{key.scope.task, key.scope.device_class.text(), key.model,
                              key.edge_model};
    one.audience = key.scope.audience;
    one.mode = policy::to_string(cell.mode());
    one.policy = cell.policy_id();
    one.tasks = cell.tasks();
    one.answered = cell.answered();
    const policy::TableBytes learned = cell.table();
    one.table.assign(learned.begin(), learned.end());
    one.offered = groups_of(cell.offer(), cell.terms().classes);
    one.pushed = groups_of(cell.pushed(), cell.terms().classes);
    for (std::size_t bin = 0; bin < policy::kBins; ++bin) {
        one.evidence.push_back(cell.evidence(bin));
    }
    one.audit_q8 = cell.audit_q8();
    one.alarms = cell.alarms();
    one.probes = cell.probes();
    one.is_alarmed = cell.is_alarmed();
    one.doubted_devices = static_cast<std::uint32_t>(cell.trust().doubted().size());
    return one;
}

}  // namespace frugal::app
