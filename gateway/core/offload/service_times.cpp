// SPDX-License-Identifier: Apache-2.0
#include "core/offload/service_times.hpp"

#include <algorithm>
#include <bit>

namespace frugal::core {

std::uint32_t ServiceTimes::index_of(std::uint32_t size) {
    const auto index = static_cast<std::uint32_t>(std::bit_width(std::max(size, 1U) - 1));
    return std::min(index, kSizes - 1);
}

const ServiceTimes::Task* ServiceTimes::find(std::uint32_t task) const {
    const auto found = tasks_.find(task);
    return found == tasks_.end() ? nullptr : &found->second;
}

void ServiceTimes::add(std::uint32_t task, std::uint32_t size, base::Duration measured,
                       bool is_probe) {
    const auto known = typical(task, size);
    auto& record = tasks_[task];
    ++record.batches;
    record.fill_q8 = (record.fill_q8 * 15 + size * 256) / 16;
    auto& of_size = record.sizes[index_of(size)];
    const bool is_first = record.batches == 1;  // before it there was a mere guess
    const bool was_stale = is_first || is_stale(record, of_size) || of_size.is_doubted;
    of_size.is_doubted = false;
    ++of_size.batches;
    of_size.last = record.batches;
    if (was_stale || (is_probe && measured < known)) {
        of_size.average = measured;
        of_size.sketch.clear();
    } else {
        const auto counted = std::min(measured, 4 * known);
        of_size.average = (known * 7 + counted) / 8;
    }
    of_size.sketch.add(was_stale ? measured : std::min(measured, 4 * known));
}

void ServiceTimes::doubt(std::uint32_t task) {
    const auto found = tasks_.find(task);
    if (found == tasks_.end()) {
        return;
    }
    for (auto& size : found->second.sizes) {
        size.average -= size.average / 8;
        size.is_doubted = size.batches != 0;
        size.sketch.clear();
    }
}

base::Duration ServiceTimes::typical(std::uint32_t task, std::uint32_t size) const {
    const auto* record = find(task);
    const auto wanted = index_of(size);
    if (record != nullptr) {
        for (auto index = wanted + 1; index-- > 0;) {
            if (record->sizes[index].batches != 0) {
                return record->sizes[index].average * (1U << (wanted - index));
            }
        }
        for (auto index = wanted + 1; index < kSizes; ++index) {
            if (record->sizes[index].batches != 0) {
                return record->sizes[index].average;
            }
        }
    }
    return first_ * size;
}

base::Duration ServiceTimes::slow(std::uint32_t task, std::uint32_t size) const {
    const auto known = typical(task, size);
    const auto* record = find(task);
    if (record == nullptr || record->sizes[index_of(size)].batches == 0) {
        return known;
    }
    return std::clamp(record->sizes[index_of(size)].sketch.quantile(990), known, 4 * known);
}

base::Duration ServiceTimes::share(std::uint32_t task) const {
    const auto* record = find(task);
    const auto size = record == nullptr ? 1U : std::max(1U, record->fill_q8 / 256);
    return typical(task, size) / size;
}

bool ServiceTimes::is_stale(const Task& task, const Size& size) {
    return size.batches != 0 && task.batches - size.last > kStaleAfter;
}

std::uint32_t ServiceTimes::best_size(std::uint32_t task) const {
    const auto* record = find(task);
    std::uint32_t size = 1;
    if (record == nullptr) {
        return size;
    }
    while (size * 2 <= batch_max_ && index_of(size * 2) > index_of(size)) {
        const auto& next = record->sizes[index_of(size * 2)];
        if (next.batches == 0 || is_stale(*record, next)) {
            return size * 2;
        }
        // Twice as many in less than 1.9 times the time.
        if (next.average * 20 > typical(task, size) * 38) {
            break;
        }
        size *= 2;
    }
    return size;
}

std::map<std::uint32_t, std::vector<ServiceTimes::View>> ServiceTimes::views() const {
    std::map<std::uint32_t, std::vector<View>> views;
    for (const auto& [task, record] : tasks_) {
        for (std::uint32_t index = 0; index < kSizes; ++index) {
            const auto& size = record.sizes[index];
            if (size.batches != 0) {
                views[task].push_back({1U << index, size.batches, size.sketch.quantile(500),
                                       size.sketch.quantile(990)});
            }
        }
    }
    return views;
}

}  // namespace frugal::core
