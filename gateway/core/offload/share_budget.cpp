// SPDX-License-Identifier: Apache-2.0
#include "core/offload/share_budget.hpp"

#include <algorithm>
#include <cstdlib>

namespace frugal::core {

namespace {

/// Twice the length at which everything stops: a burst must not cost a group its next day.
constexpr std::int64_t kLengthMax_permille = 2 * ShareBudget::kPatience * 1000;
constexpr std::uint8_t kPays = 32;                  ///< from this price on parts are looked at
constexpr std::int64_t kPartMin_permille = 32'000;  ///< of one device

std::int64_t drained(std::int64_t length_permille, std::int64_t by_permille) {
    return std::max<std::int64_t>(0, length_permille - by_permille);
}

std::int64_t grown(std::int64_t length_permille, std::int64_t by_permille) {
    return std::min(length_permille + by_permille, kLengthMax_permille);
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
    return price_now != 255 && own->second.now < std::max(part, kPartMin_permille);
}

void ShareBudget::on_escalated(const Key& key, DeviceNumber device) {
    auto& queue = queues_[key];
    ++queue.escalated;
    queue.length.now = grown(queue.length.now, 1000);
    auto& own = queue.devices[device];
    own.now = grown(own.now, 1000);
    note(key, std::nullopt, queue.length);
    note(key, device, own);
}

void ShareBudget::on_decisions(const Key& key, DeviceNumber device, std::uint32_t count,
                               std::uint32_t share_permille) {
    auto& queue = queues_[key];
    queue.decisions += count;
    const auto by_permille = static_cast<std::int64_t>(share_permille) * count;
    queue.length.now = drained(queue.length.now, by_permille);
    auto& own = queue.devices[device];
    own.now = drained(own.now, by_permille);
    note(key, std::nullopt, queue.length);
    note(key, device, own);
}

// An empty queue needs no more decisions before it is stored as such.
void ShareBudget::note(const Key& key, std::optional<DeviceNumber> device, Length& length) {
    const bool is_far = std::abs(length.now - length.saved) >= kUnsaved_permille;
    if (is_far || (length.now == 0 && length.saved != 0)) {
        length.saved = length.now;
        changes_.push_back({key, device, length.now});
    }
}

void ShareBudget::note_gone(const Key& key, std::optional<DeviceNumber> device,
                            const Length& length) {
    if (length.saved != 0) {
        changes_.push_back({key, device, 0});
    }
}

void ShareBudget::restore(const Change& stored) {
    if (stored.length_permille <= 0) {
        return;
    }
    auto& queue = queues_[stored.key];
    auto& length = stored.device ? queue.devices[*stored.device] : queue.length;
    length.now = grown(stored.length_permille, kUnsaved_permille);
    length.saved = stored.length_permille;  // so that the next change is stored, whatever it is
}

void ShareBudget::forget(std::uint32_t task) {
    std::erase_if(queues_, [&](const auto& entry) {
        const auto& [key, queue] = entry;
        if (key.first != task) {
            return false;
        }
        note_gone(key, std::nullopt, queue.length);
        for (const auto& [device, length] : queue.devices) {
            note_gone(key, device, length);
        }
        return true;
    });
}

void ShareBudget::forget(DeviceNumber device) {
    for (auto& [key, queue] : queues_) {
        if (const auto own = queue.devices.find(device); own != queue.devices.end()) {
            note_gone(key, device, own->second);
            queue.devices.erase(own);
        }
    }
}

// Q/V in units of one wrong answer, which is 256 in the gain table.
std::uint8_t ShareBudget::price_of(const Queue& queue) {
    return static_cast<std::uint8_t>(
        std::min<std::int64_t>(255, queue.length.now * 256 / (1000 * kPatience)));
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
