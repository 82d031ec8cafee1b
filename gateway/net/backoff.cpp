// SPDX-License-Identifier: Apache-2.0
#include "net/backoff.hpp"

#include <algorithm>

namespace frugal::net {

base::Duration Backoff::next() {
    const base::Duration half = current_ / 2;
    const auto span = static_cast<std::uint64_t>(half.count()) + 1;
    const base::Duration delay = half + base::Duration(static_cast<std::int64_t>(rng_.below(span)));
    current_ = std::min(current_ * 2, maximum_);
    return delay;
}

}  // namespace frugal::net
