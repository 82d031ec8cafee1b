// SPDX-License-Identifier: Apache-2.0
#include "core/offload/policy_numbers.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace frugal::core {

namespace {

std::uint32_t above(std::uint32_t version, std::uint32_t distance) {
    constexpr auto kLast = std::numeric_limits<std::uint32_t>::max();
    return version > kLast - distance ? kLast : version + distance;
}

}  // namespace

PolicyNumbers::PolicyNumbers(std::uint32_t stored, std::uint32_t reported,
                             std::uint32_t next_before)
    : stored_(stored),
      reported_(reported),
      next_(above(stored, 1)),
      limit_(above(next_, kBelievedAhead)) {
    next_ = std::clamp(std::max(above(reported, 1), next_before), next_, limit_);
    after_restart_ = next_;
}

void PolicyNumbers::on_stored(std::uint32_t version) {
    stored_ = version;
    next_ = above(version, 1);
    limit_ = std::max(limit_, next_);
    after_restart_ = std::max(after_restart_, next_);
}

bool PolicyNumbers::on_reported(std::uint32_t version, base::Instant now) {
    reported_ = std::max(reported_, version);
    if (reported_ < next_ || next_ == limit_) {
        return false;
    }
    const auto raised = std::min(above(reported_ / kStride * kStride, kStride), limit_);
    const bool is_news = raised > std::exchange(after_restart_, std::max(raised, after_restart_));
    if (!raised_at_ || now - *raised_at_ >= kRaiseInterval) {
        next_ = raised;
        raised_at_ = now;
    }
    return is_news;
}

base::Result<void> PolicyNumbers::check(std::uint32_t version) const {
    if (version >= next_ && version > stored_) {
        return {};
    }
    const auto number = "version " + std::to_string(version);
    return base::fail(base::ErrorKind::kConflict, "policy not set",
                      version <= stored_
                          ? number + " is taken"
                          : number + " is below " + std::to_string(next_) +
                                ": devices say that they obey newer ones than are known here, "
                                "and would refuse it",
                      "Ask for the next number, sign with it, and set it again");
}

}  // namespace frugal::core
