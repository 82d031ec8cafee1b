// SPDX-License-Identifier: Apache-2.0
// What keeps a group of devices to its share of escalations in the long run: drift plus penalty. A
// virtual queue grows by every escalation that was taken and shrinks by the share of every
// decision; its length over V is the price of the group, in the gain table's units. Each device has
// such a queue of its own: while the group pays, nobody who is beyond his part of it is taken, so
// that one who ignores prices cannot use up what the others leave. Lengths are handed out to be
// stored whenever they moved by kUnsaved_permille, and come back with as much added: whatever a
// kill forgets, a length is never taken for less than it was but where none was stored yet, which
// is less than 8 escalations a queue. Owned by the desk; integers only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/numbers.hpp"
#include "core/offload/fair_share.hpp"

namespace frugal::core {

class ShareBudget {
public:
    static constexpr std::int64_t kPatience = 64;  ///< V of the design

    static constexpr std::int64_t kUnsaved_permille = 8000;

    using Key = std::pair<std::uint32_t, GroupNumber>;  ///< task, group

    /// Whether the share leaves one more to this device.
    bool may_escalate(const Key& key, DeviceNumber device) const;
    void on_escalated(const Key& key, DeviceNumber device);
    /// share: escalations a thousand decisions may cost the group.
    void on_decisions(const Key& key, DeviceNumber device, std::uint32_t count,
                      std::uint32_t share_permille);
    /// The task has no share any more.
    void forget(std::uint32_t task);
    void forget(DeviceNumber device);

    /// q8, 255 when the group has to stop; 0 if nothing was counted.
    std::uint8_t price(const Key& key) const;

    /// A queue's length to be stored; without a device the group's.
    struct Change {
        Key key;
        std::optional<DeviceNumber> device{};
        std::int64_t length_permille = 0;
    };
    std::vector<Change> take_changes() { return std::exchange(changes_, {}); }
    void restore(const Change& stored);

    struct View {
        std::uint64_t escalated = 0;
        std::uint64_t decisions = 0;
        std::uint8_t price = 0;
    };
    std::map<Key, View> views() const;

private:
    /// In 1/1000 of one escalation.
    struct Length {
        std::int64_t now = 0;
        std::int64_t saved = 0;  ///< as handed out last
    };
    struct Queue {
        Length length{};
        std::uint64_t escalated = 0;
        std::uint64_t decisions = 0;
        std::map<DeviceNumber, Length> devices{};  ///< their own
    };
    static std::uint8_t price_of(const Queue& queue);
    void note(const Key& key, std::optional<DeviceNumber> device, Length& length);
    void note_gone(const Key& key, std::optional<DeviceNumber> device, const Length& length);

    std::map<Key, Queue> queues_;
    std::vector<Change> changes_;
};

}  // namespace frugal::core
