// SPDX-License-Identifier: Apache-2.0
#include "policy/learn/drift_sketch.hpp"

#include <algorithm>
#include <cmath>

namespace frugal::policy {

namespace {

constexpr double kRecentTasks = 192;      // the recent past fades over so many
constexpr double kReferenceTasks = 8000;  // and the reference over so many
constexpr double kReferenceLeast = 512;
constexpr double kSigmas = 6;
constexpr double kLeastDistance = 0.10;  // total variation that is worth a look

struct Distance {
    double chi_square = 0;
    double cells = 0;
    double variation = 0;
};

/// Two-sample chi-square and total variation; cells with next to nothing are pooled.
Distance distance(const std::array<double, kSketchCells>& recent, double recent_sum,
                  const std::array<double, kSketchCells>& reference, double reference_sum) {
    Distance found;
    double pooled_recent = 0;
    double pooled_reference = 0;
    const auto add = [&](double one, double other) {
        const double expected = (one + other) * recent_sum / (recent_sum + reference_sum);
        if (expected > 0) {
            const double off = one - expected;
            found.chi_square += off * off / expected * (1 + recent_sum / reference_sum);
            found.variation += 0.5 * std::abs(one / recent_sum - other / reference_sum);
            found.cells += 1;
        }
    };
    for (std::size_t cell = 0; cell < kSketchCells; ++cell) {
        if (recent[cell] + reference[cell] * recent_sum / reference_sum < 8) {
            pooled_recent += recent[cell];
            pooled_reference += reference[cell];
        } else {
            add(recent[cell], reference[cell]);
        }
    }
    add(pooled_recent, pooled_reference);
    return found;
}

bool is_far(const Distance& found) {
    const double freedom = std::max(1.0, found.cells - 1);
    return found.variation > kLeastDistance &&
           found.chi_square > freedom + kSigmas * std::sqrt(2 * freedom);
}

void fade(std::array<double, kSketchCells>& counts, double keep) {
    for (double& count : counts) {
        count *= keep;
    }
}

}  // namespace

bool DriftDetector::has_moved() const {
    return is_far(distance(confidence_.recent, recent_tasks_, confidence_.reference,
                           reference_tasks_)) ||
           is_far(distance(classes_.recent, recent_tasks_, classes_.reference, reference_tasks_));
}

DriftReference DriftDetector::reference() const {
    return {confidence_.reference, classes_.reference, reference_tasks_};
}

void DriftDetector::resume(const DriftReference& reference) {
    confidence_ = {reference.confidence, reference.confidence};
    classes_ = {reference.classes, reference.classes};
    reference_tasks_ = recent_tasks_ = reference.tasks;
    const double keep = kRecentTasks / std::max(kRecentTasks, reference.tasks);
    fade(confidence_.recent, keep);
    fade(classes_.recent, keep);
    recent_tasks_ *= keep;
}

bool DriftDetector::add(const Sketch& window) {
    const double tasks = window.tasks;
    const double keep = std::exp(-tasks / kRecentTasks);
    const double keep_reference = std::exp(-tasks / kReferenceTasks);
    for (const auto& [pair, counts] :
         {std::pair{&confidence_, &window.confidence}, std::pair{&classes_, &window.classes}}) {
        fade(pair->recent, keep);
        for (std::size_t cell = 0; cell < kSketchCells; ++cell) {
            pair->recent[cell] += (*counts)[cell];
        }
    }
    recent_tasks_ = recent_tasks_ * keep + tasks;
    const bool moved = reference_tasks_ >= kReferenceLeast && has_moved();
    for (const auto& [pair, counts] :
         {std::pair{&confidence_, &window.confidence}, std::pair{&classes_, &window.classes}}) {
        fade(pair->reference, moved ? 0 : keep_reference);
        for (std::size_t cell = 0; cell < kSketchCells; ++cell) {
            pair->reference[cell] += (*counts)[cell];
        }
    }
    reference_tasks_ = (moved ? 0 : reference_tasks_ * keep_reference) + tasks;
    if (moved) {
        for (Pair* pair : {&confidence_, &classes_}) {
            pair->recent = pair->reference;
        }
        recent_tasks_ = tasks;
    }
    return moved;
}

}  // namespace frugal::policy
