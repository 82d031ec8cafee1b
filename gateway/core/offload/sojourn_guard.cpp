// SPDX-License-Identifier: Apache-2.0
#include "core/offload/sojourn_guard.hpp"

#include <algorithm>

namespace frugal::core {

namespace {

std::uint32_t integer_root(std::uint32_t value) {
    std::uint32_t root = 1;
    while ((root + 1) * (root + 1) <= value) {
        ++root;
    }
    return root;
}

}  // namespace

base::Duration SojournGuard::target(base::Duration slack) const {
    return std::min(target_max_, slack / 8);
}

void SojournGuard::on_start(base::Instant now, bool is_above_target) {
    if (!is_above_target) {
        on_empty();
        return;
    }
    if (!above_since_) {
        above_since_ = now;
    } else if (!is_standing_ && now - *above_since_ >= interval_) {
        is_standing_ = true;
        drops_ = 0;
        next_drop_ = now;
    }
}

void SojournGuard::on_empty() {
    above_since_.reset();
    is_standing_ = false;
}

bool SojournGuard::takes_drop(base::Instant now) {
    if (!is_standing_ || now < next_drop_) {
        return false;
    }
    drops_ = std::min(drops_ + 1, 10'000U);
    next_drop_ = now + interval_ / integer_root(drops_);
    return true;
}

}  // namespace frugal::core
