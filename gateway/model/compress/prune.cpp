// SPDX-License-Identifier: Apache-2.0
#include "model/compress/prune.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "model/compress/eigen_view.hpp"

namespace frugal::model {

namespace {

RowMatrix inverse_of(const std::vector<double>& hessian, std::size_t size) {
    const auto matrix = view(hessian, size);
    return Eigen::LLT<RealMatrix>(matrix)
        .solve(RealMatrix::Identity(index(size), index(size)))
        .cast<float>();
}

/// The weights of one row still there, and the inverse Hessian of just these.
class Row {
public:
    Row(std::span<const float> weights, const RowMatrix& inverse)
        : inverse_(inverse), weights_(weights.begin(), weights.end()), columns_(weights.size()) {
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            columns_[i] = static_cast<std::uint32_t>(i);
        }
    }

    bool is_empty() const { return columns_.empty(); }

    /// Position of the weight that costs least, and its cost.
    std::pair<std::size_t, float> cheapest() const {
        std::size_t best = 0;
        float least = INFINITY;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const float cost = weights_[i] * weights_[i] / inverse_(index(i), index(i));
            if (cost < least) {
                least = cost;
                best = i;
            }
        }
        return {best, least};
    }

    /// Takes it away: the others make up for it, the inverse loses its row and column.
    std::uint32_t remove(std::size_t at) {
        const std::uint32_t column = columns_[at];
        const Eigen::Index size = index(columns_.size());
        const Eigen::RowVectorXf line =
            inverse_.row(index(at)).head(size) / inverse_(index(at), index(at));
        const float weight = weights_[at];
        const Eigen::RowVectorXf scaled = line * inverse_(index(at), index(at));
        for (Eigen::Index i = 0; i < size; ++i) {
            inverse_.row(i).head(size) -= line(i) * scaled;
            weights_[static_cast<std::size_t>(i)] -= weight * line(i);
        }
        move_last_to(at);
        return column;
    }

private:
    void move_last_to(std::size_t at) {
        const std::size_t last = columns_.size() - 1;
        inverse_.row(index(at)).head(index(last + 1)) =
            inverse_.row(index(last)).head(index(last + 1));
        inverse_.col(index(at)).head(index(last + 1)) =
            inverse_.col(index(last)).head(index(last + 1));
        weights_[at] = weights_[last];
        columns_[at] = columns_[last];
        weights_.pop_back();
        columns_.pop_back();
    }

    RowMatrix inverse_;
    std::vector<float> weights_;
    std::vector<std::uint32_t> columns_;
};

Removals trace(std::span<const float> weights, const RowMatrix& inverse) {
    Row row(weights, inverse);
    Removals removals;
    while (!row.is_empty()) {
        const auto [at, cost] = row.cheapest();
        removals.order.push_back(row.remove(at));
        removals.costs.push_back(cost);
    }
    return removals;
}

std::size_t kept_count(double density, std::size_t weights) {
    return static_cast<std::size_t>(
        std::lround(std::clamp(density, 0.0, 1.0) * static_cast<double>(weights)));
}

}  // namespace

Removals trace_removals(std::span<const float> row, const std::vector<double>& hessian) {
    return trace(row, inverse_of(hessian, row.size()));
}

void refit_row(std::span<float> row, const std::vector<double>& hessian,
               std::span<const std::uint8_t> keep) {
    const std::size_t columns = row.size();
    const auto curvature = view(hessian, columns);
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < columns; ++i) {
        if (keep[i] != 0) {
            kept.push_back(i);
        }
    }
    const Eigen::VectorXd wanted =
        curvature * Eigen::Map<const Eigen::VectorXf>(row.data(), index(columns)).cast<double>();
    RealMatrix part(index(kept.size()), index(kept.size()));
    Eigen::VectorXd right(index(kept.size()));
    for (std::size_t i = 0; i < kept.size(); ++i) {
        right(index(i)) = wanted(index(kept[i]));
        for (std::size_t j = 0; j < kept.size(); ++j) {
            part(index(i), index(j)) = curvature(index(kept[i]), index(kept[j]));
        }
    }
    std::fill(row.begin(), row.end(), 0.0F);
    if (!kept.empty()) {
        const Eigen::VectorXd solved = Eigen::LLT<RealMatrix>(part).solve(right);
        for (std::size_t i = 0; i < kept.size(); ++i) {
            row[kept[i]] = static_cast<float>(solved(index(i)));
        }
    }
}

ObcPruner::ObcPruner(const Matrix& weights, const std::vector<double>& hessian)
    : weights_(weights), hessian_(hessian) {
    const RowMatrix inverse = inverse_of(hessian, weights.columns);
    for (std::size_t row = 0; row < weights.rows; ++row) {
        rows_.push_back(trace(weights.row(row), inverse));
    }
}

Matrix ObcPruner::prune(double density) const {
    // A removal is paid by all before it, so its price is the highest up to it.
    std::vector<float> prices;
    for (const Removals& removals : rows_) {
        float price = 0;
        for (const float cost : removals.costs) {
            price = std::max(price, cost);
            prices.push_back(price);
        }
    }
    const std::size_t removed = prices.size() - kept_count(density, prices.size());
    if (removed == 0) {
        return weights_;
    }
    const auto cut = prices.begin() + static_cast<std::ptrdiff_t>(removed - 1);
    std::nth_element(prices.begin(), cut, prices.end());
    const float threshold = *cut;
    Matrix result = weights_;
    for (std::size_t row = 0; row < weights_.rows; ++row) {
        std::vector<std::uint8_t> keep(weights_.columns, 1);
        for (std::size_t i = 0; i < keep.size() && rows_[row].costs[i] <= threshold; ++i) {
            keep[rows_[row].order[i]] = 0;
        }
        refit_row(result.row(row), hessian_, keep);
    }
    return result;
}

Matrix prune_by_saliency(const Matrix& weights, const std::vector<float>& saliencies,
                         double density) {
    Matrix result = weights;
    const std::size_t removed = saliencies.size() - kept_count(density, saliencies.size());
    if (removed == 0) {
        return result;
    }
    std::vector<float> sorted = saliencies;
    const auto cut = sorted.begin() + static_cast<std::ptrdiff_t>(removed - 1);
    std::nth_element(sorted.begin(), cut, sorted.end());
    for (std::size_t i = 0; i < saliencies.size(); ++i) {
        result.values[i] = saliencies[i] <= *cut ? 0.0F : result.values[i];
    }
    return result;
}

Matrix prune_layer(const Matrix& weights, const std::vector<double>& hessian, PruneMethod method,
                   double density) {
    if (method == PruneMethod::kObc) {
        return ObcPruner(weights, hessian).prune(density);
    }
    std::vector<float> saliencies(weights.values.size());
    for (std::size_t i = 0; i < saliencies.size(); ++i) {
        const float weight = weights.values[i];
        const std::size_t column = i % weights.columns;
        const auto curvature = static_cast<float>(hessian[column * (weights.columns + 1)]);
        saliencies[i] = weight * weight * (method == PruneMethod::kObd ? curvature : 1.0F);
    }
    return prune_by_saliency(weights, saliencies, density);
}

}  // namespace frugal::model
