// SPDX-License-Identifier: Apache-2.0
#include "app/told_answer.hpp"

#include <algorithm>

namespace frugal::app {

namespace {

/// The number with these low bits that is next to `near`.
std::uint64_t whole_number(std::uint16_t low, std::uint64_t near) {
    const auto distance = static_cast<std::int16_t>(
        static_cast<std::uint16_t>(low - static_cast<std::uint16_t>(near)));
    return near + static_cast<std::uint64_t>(static_cast<std::int64_t>(distance));
}

}  // namespace

const core::RecentAnswer* told_answer(const storage::DecisionRow& row,
                                      const core::DeviceView& device) {
    const auto& health = device.health;
    const auto stream = std::ranges::find(device.streams, row.stream, &core::StreamView::id);
    if (!health || health->stream != row.stream || health->boot_epoch != row.boot_epoch ||
        stream == device.streams.end()) {
        return nullptr;
    }
    const auto found = std::ranges::find_if(health->recent, [&](const core::RecentAnswer& answer) {
        return whole_number(answer.sequence, stream->next_sequence) == row.sequence;
    });
    // Whatever the number says: of a local decision the class must be the same.
    const bool is_other = found != health->recent.end() && row.tier == core::Tier::kLocal &&
                          found->class_id != row.class_id;
    return found == health->recent.end() || is_other ? nullptr : &*found;
}

}  // namespace frugal::app
