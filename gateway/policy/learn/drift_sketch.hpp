// SPDX-License-Identifier: Apache-2.0
// Notices from counts alone that a device's stream changed: histograms of confidence bin and of
// answered class, as they travel in `health`, recent against long-run. Owned by a learner, one
// thread. Needs no answer of the edge and never tells whether the change is for better or worse.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace frugal::policy {

inline constexpr std::size_t kSketchCells = 32;

/// Counts of one window, by confidence bin and by local class modulo 32.
struct Sketch {
    std::array<std::uint32_t, kSketchCells> confidence{};
    std::array<std::uint32_t, kSketchCells> classes{};
    std::uint32_t tasks = 0;

    void add(std::uint8_t confidence_q8, std::uint32_t local_class) {
        ++confidence[confidence_q8 >> 3];
        ++classes[local_class % kSketchCells];
        ++tasks;
    }
};

/// What a detector takes to be normal, to be kept over a restart.
struct DriftReference {
    std::array<double, kSketchCells> confidence{};
    std::array<double, kSketchCells> classes{};
    double tasks = 0;
};

class DriftDetector {
public:
    DriftReference reference() const;

    /// Goes on with what was normal; of the recent past nothing is known, so it is taken as such.
    void resume(const DriftReference& reference);

    /// Takes the counts since the last call; true when the recent stream no longer looks like the
    /// reference. The reference then starts anew, so one change is told once.
    bool add(const Sketch& window);

private:
    using Counts = std::array<double, kSketchCells>;
    struct Pair {
        Counts recent{};
        Counts reference{};
    };

    bool has_moved() const;

    Pair confidence_;
    Pair classes_;
    double recent_tasks_ = 0;
    double reference_tasks_ = 0;
};

}  // namespace frugal::policy
