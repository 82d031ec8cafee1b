// SPDX-License-Identifier: Apache-2.0
#include "model/compress/grid.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/assert.hpp"
#include "model/compress/eigen_view.hpp"
#include "model/compress/rate_model.hpp"

namespace frugal::model {

namespace {

RealMatrix real(const Matrix& matrix) {
    return view(matrix).cast<double>();
}

double quadratic_sum(const RealMatrix& error, const std::vector<double>& hessian) {
    const Eigen::Map<const RealMatrix> curvature(hessian.data(), error.cols(), error.cols());
    return (error * curvature).cwiseProduct(error).sum();
}

int nearest_level(double value, double step, int level_max) {
    const double level = std::nearbyint(value / step);
    return static_cast<int>(std::clamp<double>(level, -level_max, level_max));
}

/// The state of one fit: weights, their Hessian, and the factor GPTQ walks along.
class Fitter {
public:
    Fitter(const Matrix& weights, const std::vector<double>& hessian, const GridOptions& options)
        : options_(options),
          weights_(real(weights)),
          hessian_(hessian.data(), index(weights.columns), index(weights.columns)),
          order_(weights.columns) {
        std::iota(order_.begin(), order_.end(), std::size_t{0});
        // Columns with the most energy first: their errors find the most columns to move to.
        std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
            return hessian_(index(a), index(a)) > hessian_(index(b), index(b));
        });
        factorize();
    }

    std::vector<std::int8_t> round() const {
        std::vector<std::int8_t> levels(static_cast<std::size_t>(weights_.size()));
        for (std::size_t i = 0; i < levels.size(); ++i) {
            levels[i] = static_cast<std::int8_t>(
                nearest_level(weights_.data()[i], step_of(i / columns()), options_.level_max));
        }
        return levels;
    }

    /// One pass over the columns; `rates` prices the levels.
    std::vector<std::int8_t> pass(const RateModel& rates) const;

    /// One sweep of coordinate descent over `levels`.
    void sweep(const RateModel& rates, std::vector<std::int8_t>& levels) const;

    double distortion(const std::vector<std::int8_t>& levels) const {
        return row_distortions(levels).sum();
    }

    double cost(const std::vector<std::int8_t>& levels) const {
        return distortion(levels) + price_ * total_bits(levels);
    }

    double total_bits(const std::vector<std::int8_t>& levels) const {
        return rates_of(levels).total_bits(coded(levels));
    }

    /// What cost() is made of, by row.
    std::vector<double> row_costs(const std::vector<std::int8_t>& levels) const;

    RateModel rates_of(const std::vector<std::int8_t>& levels) const {
        return {coded(levels), rows(), columns()};
    }

private:
    std::size_t rows() const { return static_cast<std::size_t>(weights_.rows()); }
    std::size_t columns() const { return static_cast<std::size_t>(weights_.cols()); }

    double step_of(std::size_t row) const {
        return options_.row_steps.empty() ? options_.step : options_.row_steps[row];
    }

    double weight_of(std::size_t row) const {
        return options_.row_weights.empty() ? 1 : options_.row_weights[row];
    }

    int anchor_of(std::size_t at) const {
        return options_.anchor.empty() ? 0 : options_.anchor[at];
    }

    /// What is coded for a level.
    int difference(int level, std::size_t at) const {
        return std::clamp(level - anchor_of(at), -kLevelMax, kLevelMax);
    }

    double bits(const RateModel& rates, int level, std::size_t row, std::size_t column) const {
        return static_cast<double>(
            rates.bits(difference(level, row * columns() + column), row, column));
    }

    std::vector<std::int8_t> coded(const std::vector<std::int8_t>& levels) const;
    void factorize();
    RealMatrix error_of(const std::vector<std::int8_t>& levels) const;
    Eigen::VectorXd row_distortions(const std::vector<std::int8_t>& levels) const;
    int choose(double value, double curvature, const RateModel& rates, std::size_t row,
               std::size_t column) const;
    void sweep_row(const RateModel& rates, Eigen::Index row, std::int8_t* levels) const;

    const GridOptions& options_;
    RealMatrix weights_;
    Eigen::Map<const RealMatrix> hessian_;  ///< the caller's: a large layer's is hundreds of MB
    RealMatrix factor_;  ///< lower L, in `order_`; the inverse of the ordered Hessian is L L^T
    std::vector<std::size_t> order_;
    double price_ = 0;  ///< of a bit, in the unit of the distortion
};

void Fitter::factorize() {
    const Eigen::Index size = hessian_.rows();
    RealMatrix ordered(size, size);
    for (Eigen::Index i = 0; i < size; ++i) {
        for (Eigen::Index j = 0; j < size; ++j) {
            ordered(i, j) = hessian_(index(order_[static_cast<std::size_t>(i)]),
                                     index(order_[static_cast<std::size_t>(j)]));
        }
    }
    // Both factorizations in place: a copy of a layer of 4,000 inputs is 128 MB.
    factor_ = RealMatrix::Identity(size, size);
    Eigen::LLT<Eigen::Ref<RealMatrix>>(ordered).solveInPlace(factor_);
    ordered.resize(0, 0);
    const Eigen::LLT<Eigen::Ref<RealMatrix>> in_place(factor_);
    const double power = (weights_ * hessian_).cwiseProduct(weights_).sum();
    price_ =
        options_.bit_price.value_or(options_.lambda * power / static_cast<double>(weights_.rows()));
}

std::vector<std::int8_t> Fitter::coded(const std::vector<std::int8_t>& levels) const {
    std::vector<std::int8_t> result(levels.size());
    for (std::size_t i = 0; i < levels.size(); ++i) {
        result[i] = static_cast<std::int8_t>(difference(levels[i], i));
    }
    return result;
}

Eigen::VectorXd Fitter::row_distortions(const std::vector<std::int8_t>& levels) const {
    const RealMatrix error = error_of(levels);
    Eigen::VectorXd distortions = (error * hessian_).cwiseProduct(error).rowwise().sum();
    for (std::size_t row = 0; row < rows(); ++row) {
        distortions(index(row)) *= weight_of(row);
    }
    return distortions;
}

std::vector<double> Fitter::row_costs(const std::vector<std::int8_t>& levels) const {
    const RateModel rates = rates_of(levels);
    const Eigen::VectorXd distortions = row_distortions(levels);
    std::vector<double> costs(rows());
    for (std::size_t row = 0; row < rows(); ++row) {
        costs[row] = distortions(index(row));
        for (std::size_t column = 0; column < columns(); ++column) {
            costs[row] += price_ * bits(rates, levels[row * columns() + column], row, column);
        }
    }
    return costs;
}

RealMatrix Fitter::error_of(const std::vector<std::int8_t>& levels) const {
    RealMatrix error = weights_;
    for (std::size_t i = 0; i < levels.size(); ++i) {
        error.data()[i] -= step_of(i / columns()) * levels[i];
    }
    return error;
}

/// The level with the least error plus price: the nearest, its neighbours, and what costs no bits.
int Fitter::choose(double value, double curvature, const RateModel& rates, std::size_t row,
                   std::size_t column) const {
    const double step = step_of(row);
    const int nearest = nearest_level(value, step, options_.level_max);
    const bool is_pruned = options_.keep_zeros && weights_(index(row), index(column)) == 0;
    if (is_pruned) {
        return 0;
    }
    if (price_ == 0) {
        return nearest;
    }
    const int anchor = anchor_of(row * columns() + column);
    const int inward = nearest > anchor ? -1 : 1;
    const int candidates[] = {nearest, nearest + inward, nearest + 2 * inward, nearest - inward,
                              anchor};
    int best = nearest;
    double least = INFINITY;
    for (const int level : candidates) {
        if (std::abs(level) > options_.level_max) {
            continue;
        }
        const double error = value - step * level;
        const double cost = error * error * curvature + price_ * bits(rates, level, row, column);
        if (cost < least) {
            least = cost;
            best = level;
        }
    }
    return best;
}

std::vector<std::int8_t> Fitter::pass(const RateModel& rates) const {
    const Eigen::Index rows = weights_.rows();
    const Eigen::Index columns = weights_.cols();
    RealMatrix left(columns, rows);  // one column of the layer a row: the updates run along it
    for (Eigen::Index j = 0; j < columns; ++j) {
        left.row(j) = weights_.col(index(order_[static_cast<std::size_t>(j)])).transpose();
    }
    std::vector<std::int8_t> levels(static_cast<std::size_t>(rows * columns));
    Eigen::RowVectorXd error(rows);
    for (Eigen::Index j = 0; j < columns; ++j) {
        const std::size_t column = order_[static_cast<std::size_t>(j)];
        const double diagonal = factor_(j, j);
        for (Eigen::Index row = 0; row < rows; ++row) {
            const auto at = static_cast<std::size_t>(row);
            const double curvature = weight_of(at) / (diagonal * diagonal);
            const int level = choose(left(j, row), curvature, rates, at, column);
            levels[at * static_cast<std::size_t>(columns) + column] =
                static_cast<std::int8_t>(level);
            error(row) = (left(j, row) - step_of(at) * level) / diagonal;
        }
        for (Eigen::Index next = j + 1; next < columns; ++next) {
            left.row(next) -= factor_(next, j) * error;
        }
    }
    return levels;
}

void Fitter::sweep_row(const RateModel& rates, Eigen::Index row, std::int8_t* levels) const {
    const auto at = static_cast<std::size_t>(row);
    const double step = step_of(at);
    Eigen::RowVectorXd error = weights_.row(row);
    for (Eigen::Index j = 0; j < weights_.cols(); ++j) {
        error(j) -= step * levels[j];
    }
    Eigen::RowVectorXd slope = error * hessian_;
    for (const std::size_t column : order_) {
        const Eigen::Index j = index(column);
        const double curvature = hessian_(j, j);
        // The row's error is quadratic in this weight: its best real value, the others held.
        const double value = step * levels[j] + slope(j) / curvature;
        const int now = levels[j];
        const int best = choose(value, weight_of(at) * curvature, rates, at, column);
        if (best == now) {
            continue;
        }
        const double gap = value - step * now;
        const double new_gap = value - step * best;
        const double gain = weight_of(at) * curvature * (gap * gap - new_gap * new_gap) +
                            price_ * (bits(rates, now, at, column) - bits(rates, best, at, column));
        if (gain > 0) {
            levels[j] = static_cast<std::int8_t>(best);
            slope -= step * (best - now) * hessian_.row(j);
        }
    }
}

void Fitter::sweep(const RateModel& rates, std::vector<std::int8_t>& levels) const {
    for (Eigen::Index row = 0; row < weights_.rows(); ++row) {
        sweep_row(rates, row, levels.data() + row * weights_.cols());
    }
}

Gridded result_of(const Fitter& fitter, std::vector<std::int8_t> levels) {
    Gridded result;
    result.distortion = fitter.distortion(levels);
    result.bits = fitter.total_bits(levels);
    result.row_costs = fitter.row_costs(levels);
    result.levels = std::move(levels);
    return result;
}

}  // namespace

Gridded round_to_grid(const Matrix& weights, const std::vector<double>& hessian,
                      const GridOptions& options) {
    const Fitter fitter(weights, hessian, options);
    return result_of(fitter, fitter.round());
}

Gridded fit_to_grid(const Matrix& weights, const std::vector<double>& hessian,
                    const GridOptions& options) {
    FRUGAL_ASSERT((options.step > 0 || options.row_steps.size() == weights.rows) &&
                  options.level_max >= 1 && options.level_max <= kLevelMax);
    const Fitter fitter(weights, hessian, options);
    std::vector<std::int8_t> best = fitter.round();
    std::vector<std::int8_t> levels = best;
    const bool has_price = options.bit_price.value_or(options.lambda) > 0;
    for (int i = 0; i < (has_price ? options.passes : 1); ++i) {
        levels = fitter.pass(fitter.rates_of(levels));
    }
    for (int i = 0; i < options.sweeps; ++i) {
        fitter.sweep(fitter.rates_of(levels), levels);
    }
    if (fitter.cost(levels) <= fitter.cost(best)) {
        best = std::move(levels);
    }
    if (!options.anchor.empty() && fitter.cost(options.anchor) < fitter.cost(best)) {
        best = options.anchor;
    }
    return result_of(fitter, std::move(best));
}

double output_error(const Matrix& weights, const Matrix& other,
                    const std::vector<double>& hessian) {
    return quadratic_sum(real(weights) - real(other), hessian);
}

}  // namespace frugal::model
