// SPDX-License-Identifier: Apache-2.0
// Which factor to try next when looking for the largest that still passes: the least, the most,
// then the middle of what is left, on a logarithmic scale. Plain value, any thread; deterministic.
#pragma once

#include <optional>
#include <string>

namespace frugal::model {

/// The part [search] of a recipe.
struct Search {
    std::string parameter = "step";  ///< "step" (both, of regrid) or "lambda" (also of delta)
    double least = 0.5;              ///< factors on what the stage says
    double most = 4;
    int tries = 8;
};

class FactorSearch {
public:
    explicit FactorSearch(const Search& search) : search_(search) {}

    /// The factor to try; nullopt: done. Each is answered by one tell().
    std::optional<double> next() const;

    void tell(double factor, bool has_passed);

    int tried() const { return tried_; }

private:
    Search search_;
    int tried_ = 0;
    std::optional<double> passed_;  ///< the largest that did
    std::optional<double> failed_;  ///< the smallest that did not
};

}  // namespace frugal::model
