// SPDX-License-Identifier: Apache-2.0
#include "core/offload/share_budget.hpp"

#include <algorithm>

namespace frugal::core {

namespace {

/// Twice the length at which everything stops: a burst must not cost a group its next day.
constexpr std::int64_t kLengthMax_permille = 2 * ShareBudget::kPatience * 1000;
constexpr std::uint8_t kPays = 32;                  ///< from this price on parts are looked at
constexpr std::int64_t kPartMin_permille = 32'000;  ///< of one device

void drain(std::int64_t& length_permille, std::int64_t by_permille) {
    length_permille = std::max<std::int64_t>(0, length_permille - by_permille);
}

}  // namespace

bool ShareBudget::may_escalate(const Key& key, DeviceNumber device) const {
    const auto found = queues_.find(key);
    if (found == queues_.end()) {
        return true;
    }
    const auto& queue = found->second;
    const auto price_now = price_of(queue);
    const auto own = queue.devices.find(device);
    if (price_now < kPays || own == queue.devices.end()) {
        return price_now != 255;
    }
    const auto part = kPatience * 1000 / static_cast<std::int64_t>(queue.devices.size());
    return price_now != 255 && own->second < std::max(part, kPartMin_permille);
}

void ShareBudget::on_escalated(const Key& key, DeviceNumber device) {
    auto& queue = queues_[key];
    ++queue.escalated;
    queue.length_permille = std::min(queue.length_permille + 1000, kLengthMax_permille);
    auto& own = queue.devices[device];
    own = std::min(own + 1000, kLengthMax_permille);
}

void ShareBudget::on_decisions(const Key& key, DeviceNumber device, std::uint32_t count,
                               std::uint32_t share_permille) {
    auto& queue = queues_[key];
    queue.decisions += count;
    const auto by_permille = static_cast<std::int64_t>(share_permille) * count;
    drain(queue.length_permille, by_permille);
    drain(queue.devices[device], by_permille);
}

void ShareBudget::forget(std::uint32_t task) {
    std::erase_if(queues_, [task](const auto& entry) { return entry.first.first == task; });
}

void ShareBudget::forget(DeviceNumber device) {
    for (auto& [key, queue] : queues_) {
        queue.devices.erase(device);
    }
}

// Q/V in units of one wrong answer, which is 256 in the gain table.
std::uint8_t ShareBudget::price_of(const Queue& queue) {
    return static_cast<std::uint8_t>(
        std::min<std::int64_t>(255, queue.length_permille * 256 / (1000 * kPatience)));
}

std::uint8_t ShareBudget::price(const Key& key) const {
    const auto found = queues_.find(key);
    return found == queues_.end() ? 0 : price_of(found->second);
}

std::map<ShareBudget::Key, ShareBudget::View> ShareBudget::views() const {
    std::map<Key, View> views;
    for (const auto& [key, queue] : queues_) {
        views[key] = {queue.escalated, queue.decisions, price_of(queue)};
    }
    return views;
}

}  // namespace frugal::core
