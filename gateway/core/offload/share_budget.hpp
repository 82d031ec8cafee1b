// SPDX-License-Identifier: Apache-2.0
// What keeps a group of devices to its share of escalations in the long run: drift plus penalty. A
// virtual queue grows by every escalation and shrinks by the share of every decision; its length
// over V is the price of the group, in the gain table's units. Owned by the desk; integers only.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "core/offload/fair_share.hpp"

namespace frugal::core {

class ShareBudget {
public:
    static constexpr std::int64_t kPatience = 64;  ///< V of the design

    using Key = std::pair<std::uint32_t, GroupNumber>;  ///< task, group

    void on_escalated(const Key& key);
    /// share: escalations a thousand decisions may cost the group.
    void on_decisions(const Key& key, std::uint32_t count, std::uint32_t share_permille);
    /// The task has no share any more.
    void forget(std::uint32_t task);

    /// q8, 255 when the group has to stop; 0 if nothing was counted.
    std::uint8_t price(const Key& key) const;

    struct View {
        std::uint64_t escalated = 0;
        std::uint64_t decisions = 0;
        std::uint8_t price = 0;
    };
    std::map<Key, View> views() const;

private:
    struct Queue {
        std::int64_t length_permille = 0;  ///< of one escalation
        std::uint64_t escalated = 0;
        std::uint64_t decisions = 0;
    };
    static std::uint8_t price_of(const Queue& queue);

    std::map<Key, Queue> queues_;
};

}  // namespace frugal::core
