// SPDX-License-Identifier: Apache-2.0
#include "core/offload/deadline_tree.hpp"

#include <algorithm>

namespace frugal::core {

namespace {

// SplitMix64 (Steele, Lea, Flood 2014): spreads consecutive numbers.
std::uint64_t spread(std::uint64_t value) {
    value += 0x9E3779B97F4A7C15ULL;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
    return value ^ (value >> 31);
}

base::Instant earlier_by(base::Instant instant, base::Duration work) {
    return instant == DeadlineTree::kNever ? instant : base::Instant{instant.since_start - work};
}

}  // namespace

base::Duration DeadlineTree::sum_of(std::int32_t node) const {
    return node == kNone ? base::Duration(0) : nodes_[static_cast<std::size_t>(node)].sum;
}

base::Instant DeadlineTree::slack_of(std::int32_t node) const {
    return node == kNone ? kNever : nodes_[static_cast<std::size_t>(node)].slack;
}

base::Instant DeadlineTree::own_slack(const Entry& entry) {
    return entry.is_promised ? entry.latest : kNever;
}

void DeadlineTree::update(std::int32_t index) {
    auto& node = nodes_[static_cast<std::size_t>(index)];
    const auto before = sum_of(node.left);
    const auto through = before + node.entry.work;
    node.sum = through + sum_of(node.right);
    node.slack = std::min({slack_of(node.left), earlier_by(own_slack(node.entry), before),
                           earlier_by(slack_of(node.right), through)});
}

std::int32_t DeadlineTree::make(const Entry& entry) {
    std::int32_t index = 0;
    if (free_.empty()) {
        index = static_cast<std::int32_t>(nodes_.size());
        nodes_.emplace_back();
    } else {
        index = free_.back();
        free_.pop_back();
    }
    auto& node = nodes_[static_cast<std::size_t>(index)];
    node = Node{};
    node.entry = entry;
    node.weight = spread(entry.place.order);
    update(index);
    return index;
}

void DeadlineTree::split(std::int32_t index, const Place& place, std::int32_t& left,
                         std::int32_t& right) {
    if (index == kNone) {
        left = right = kNone;
        return;
    }
    auto& node = nodes_[static_cast<std::size_t>(index)];
    if (node.entry.place < place) {
        split(node.right, place, node.right, right);
        left = index;
    } else {
        split(node.left, place, left, node.left);
        right = index;
    }
    update(index);
}

std::int32_t DeadlineTree::merge(std::int32_t left, std::int32_t right) {
    if (left == kNone || right == kNone) {
        return left == kNone ? right : left;
    }
    auto& first = nodes_[static_cast<std::size_t>(left)];
    auto& second = nodes_[static_cast<std::size_t>(right)];
    if (first.weight > second.weight) {
        first.right = merge(first.right, right);
        update(left);
        return left;
    }
    second.left = merge(left, second.left);
    update(right);
    return right;
}

void DeadlineTree::insert(const Entry& entry) {
    const auto added = make(entry);
    std::int32_t left = kNone;
    std::int32_t right = kNone;
    split(root_, entry.place, left, right);
    root_ = merge(merge(left, added), right);
}

std::int32_t DeadlineTree::erase_below(std::int32_t index, const Place& place) {
    if (index == kNone) {
        return kNone;
    }
    auto& node = nodes_[static_cast<std::size_t>(index)];
    if (node.entry.place == place) {
        free_.push_back(index);
        return merge(node.left, node.right);
    }
    if (place < node.entry.place) {
        node.left = erase_below(node.left, place);
    } else {
        node.right = erase_below(node.right, place);
    }
    update(index);
    return index;
}

void DeadlineTree::erase(const Place& place) {
    root_ = erase_below(root_, place);
}

base::Duration DeadlineTree::work_before(const Place& place) const {
    base::Duration work{0};
    for (auto index = root_; index != kNone;) {
        const auto& node = nodes_[static_cast<std::size_t>(index)];
        if (node.entry.place < place) {
            work += sum_of(node.left) + node.entry.work;
            index = node.right;
        } else {
            index = node.left;
        }
    }
    return work;
}

base::Instant DeadlineTree::headroom_behind(const Place& place) const {
    base::Instant least = kNever;
    base::Duration before{0};  // work left of the subtree we are in
    for (auto index = root_; index != kNone;) {
        const auto& node = nodes_[static_cast<std::size_t>(index)];
        const auto left_work = before + sum_of(node.left);
        if (place < node.entry.place) {
            const auto through = left_work + node.entry.work;
            least = std::min({least, earlier_by(own_slack(node.entry), left_work),
                              earlier_by(slack_of(node.right), through)});
            index = node.left;
        } else {
            before = left_work + node.entry.work;
            index = node.right;
        }
    }
    return least;
}

const DeadlineTree::Entry* DeadlineTree::hopeless(base::Instant start) const {
    base::Duration before{0};
    auto index = root_;
    while (index != kNone && earlier_by(slack_of(index), before) < start) {
        const auto& node = nodes_[static_cast<std::size_t>(index)];
        const auto left_work = before + sum_of(node.left);
        if (earlier_by(slack_of(node.left), before) < start) {
            index = node.left;
        } else if (earlier_by(own_slack(node.entry), left_work) < start) {
            return &node.entry;
        } else {
            before = left_work + node.entry.work;
            index = node.right;
        }
    }
    return nullptr;
}

}  // namespace frugal::core
