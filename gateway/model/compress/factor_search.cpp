// SPDX-License-Identifier: Apache-2.0
#include "model/compress/factor_search.hpp"

#include <algorithm>
#include <cmath>

namespace frugal::model {

std::optional<double> FactorSearch::next() const {
    if (tried_ == search_.tries) {
        return std::nullopt;
    }
    if (!passed_) {
        return failed_ ? std::nullopt : std::optional(search_.least);
    }
    if (!failed_) {
        return *passed_ < search_.most ? std::optional(search_.most) : std::nullopt;
    }
    return std::sqrt(*passed_ * *failed_);
}

void FactorSearch::tell(double factor, bool has_passed) {
    ++tried_;
    if (has_passed) {
        passed_ = std::max(passed_.value_or(factor), factor);
    } else {
        failed_ = std::min(failed_.value_or(factor), factor);
    }
}

}  // namespace frugal::model
