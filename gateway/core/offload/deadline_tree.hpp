// SPDX-License-Identifier: Apache-2.0
// The order in which waiting tasks run, as a balanced tree that answers in O(log n) how much work
// stands before a place and how much more fits before somebody behind it would be late: a treap
// whose nodes know the work and the least slack below them. Balanced by a hash of the order number,
// so equal runs make equal trees. Owned by the queue; knows no task, device or input.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "base/time.hpp"

namespace frugal::core {

/// Where a task stands: by priority class, then by deadline, then first come.
struct Place {
    std::uint8_t priority = 0;  ///< 0 first
    base::Instant deadline;
    std::uint64_t order = 0;  ///< unique
    auto operator<=>(const Place&) const = default;
};

class DeadlineTree {
public:
    struct Entry {
        Place place;
        base::Duration work{0};    ///< how long it keeps those behind it waiting
        base::Instant latest;      ///< must have started by then
        bool is_promised = false;  ///< somebody relies on it: counts in headroom_behind()
    };

    void insert(const Entry& entry);
    /// Does nothing if there is no such place.
    void erase(const Place& place);

    /// Work of all places before this one, whether or not it is in the tree itself.
    base::Duration work_before(const Place& place) const;

    /// The instant by which all the work before would have to begin so that every promised entry
    /// behind `place` still starts in time: the least `latest - work before it`. The maximum of
    /// Instant if nobody is promised anything there.
    base::Instant headroom_behind(const Place& place) const;

    /// The promised entry that headroom_behind(first place) speaks of, if it is below `start`:
    /// it cannot start in time any more. Null otherwise. Valid until the next change.
    const Entry* hopeless(base::Instant start) const;

    base::Duration work() const { return sum_of(root_); }
    std::size_t size() const { return nodes_.size() - free_.size(); }

    static constexpr base::Instant kNever{base::Duration::max() / 4};

private:
    static constexpr std::int32_t kNone = -1;

    struct Node {
        Entry entry;
        std::uint64_t weight = 0;  ///< heap order
        std::int32_t left = kNone;
        std::int32_t right = kNone;
        base::Duration sum{0};  ///< work of the subtree
        base::Instant slack;    ///< least `latest - work before it within the subtree`
    };

    base::Duration sum_of(std::int32_t node) const;
    base::Instant slack_of(std::int32_t node) const;
    static base::Instant own_slack(const Entry& entry);
    void update(std::int32_t node);
    std::int32_t make(const Entry& entry);
    /// Places below `place` to the left, the others to the right.
    void split(std::int32_t node, const Place& place, std::int32_t& left, std::int32_t& right);
    std::int32_t merge(std::int32_t left, std::int32_t right);
    std::int32_t erase_below(std::int32_t node, const Place& place);

    std::vector<Node> nodes_;
    std::vector<std::int32_t> free_;
    std::int32_t root_ = kNone;
};

}  // namespace frugal::core
