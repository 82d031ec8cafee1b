// SPDX-License-Identifier: Apache-2.0
// How long the edge models take, by task and batch size, as measured from the start of a batch to
// its answer: what the desk promises by. Sizes are kept by powers of two. Owned by the desk.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "core/offload/quantile_sketch.hpp"

namespace frugal::core {

class ServiceTimes {
public:
    /// first: what a single task is taken for before anything was measured.
    ServiceTimes(base::Duration first, std::uint32_t batch_max)
        : first_(first), batch_max_(batch_max) {}

    /// A batch of `size` tasks took so long. One stall of the machine counts as four times what was
    /// known. `is_probe`: it ran to test the estimate, which a better time replaces.
    void add(std::uint32_t task, std::uint32_t size, base::Duration measured, bool is_probe);

    /// The estimate forbids the task, so nothing corrects it: an eighth less, and the next
    /// measurement counts alone.
    void doubt(std::uint32_t task);
    /// It has another model now.
    void forget(std::uint32_t task) { tasks_.erase(task); }

    /// A moving average, weight 1/8: what waiting is reckoned with. Sizes never measured scale up
    /// from smaller ones.
    base::Duration typical(std::uint32_t task, std::uint32_t size) const;

    /// p99, at most four times the typical time: what a deadline is promised by.
    base::Duration slow(std::uint32_t task, std::uint32_t size) const;

    /// The part of one task in a batch as full as they were lately.
    base::Duration share(std::uint32_t task) const;

    /// The largest size worth filling: doubling is tried while it makes a task at least 5 %
    /// cheaper, and what was not measured for long is tried again.
    std::uint32_t best_size(std::uint32_t task) const;

    struct View {
        std::uint32_t size = 0;  ///< sizes up to this, above half of it
        std::uint64_t batches = 0;
        base::Duration p50{0};
        base::Duration p99{0};
    };
    /// Every task measured so far.
    std::map<std::uint32_t, std::vector<View>> views() const;

private:
    static constexpr std::uint32_t kSizes = 6;        ///< 1, 2, 4, 8, 16, 32
    static constexpr std::uint64_t kStaleAfter = 64;  ///< batches of the task

    struct Size {
        std::uint64_t batches = 0;
        std::uint64_t last = 0;  ///< the task's count of batches when it was measured
        base::Duration average{0};
        bool is_doubted = false;
        QuantileSketch sketch{128};
    };
    struct Task {
        std::array<Size, kSizes> sizes;
        std::uint64_t batches = 0;
        std::uint32_t fill_q8 = 256;  ///< moving average of the sizes
    };

    static bool is_stale(const Task& task, const Size& size);
    static std::uint32_t index_of(std::uint32_t size);
    const Task* find(std::uint32_t task) const;

    base::Duration first_;
    std::uint32_t batch_max_;
    std::map<std::uint32_t, Task> tasks_;
};

}  // namespace frugal::core
