// SPDX-License-Identifier: Apache-2.0
// How many of some numbers are not zero: what a pruned layer is reported by. Pure; any thread.
#pragma once

#include <algorithm>

namespace frugal::model {

/// Share of `values` that are not zero, 0 to 1; 1 if there are none.
template <typename Values>
double density_of(const Values& values) {
    const auto zeros = std::count(values.begin(), values.end(), typename Values::value_type{0});
    return values.empty() ? 1 : 1 - static_cast<double>(zeros) / static_cast<double>(values.size());
}

}  // namespace frugal::model
