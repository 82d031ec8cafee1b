// SPDX-License-Identifier: Apache-2.0
// A device as a task sees it, and a rollout that nobody could take, turned away with the reasons.
#include <algorithm>
#include <map>

#include "base/release_name.hpp"
#include "core/rollout/fit_report.hpp"
#include "core/rollout/rollout_desk.hpp"

namespace frugal::core {

namespace {

constexpr std::size_t kCauseBytes = 1024;  ///< of the list of reasons

/// How many devices of a class nothing fits, and one of them.
struct UnfitClass {
    const Device* first = nullptr;
    std::uint32_t devices = 0;
};
using Unfit = std::map<base::ClassName, UnfitClass>;

std::string describe(const ReleaseRecord& release, const DeviceFit& fit, std::uint32_t devices) {
    std::string text = fit.device_class.text() + " (" + std::to_string(devices) + "): ";
    std::string reasons;
    for (const auto& verdict : fit.verdicts) {
        const auto& content = release.variants[verdict.variant].manifest->content();
        if (verdict.lacks == to_string(Need::kDeviceClass)) {
            continue;
        }
        reasons += (reasons.empty() ? "variant " : ", variant ") + std::to_string(verdict.variant) +
                   " of " + std::to_string(content.model_bytes) + " bytes " + verdict.why;
    }
    return text + (reasons.empty() ? "no variant for this class" : reasons);
}

}  // namespace

FitSubject RolloutDesk::subject_of(const Device& device, std::uint32_t task) const {
    const auto& record = device.record;
    const auto found = std::ranges::find(record.reported, task, &TaskState::task);
    return {.capability = *record.capability,
            .reported = found == record.reported.end() ? nullptr : &*found,
            .without_deltas = device.refuses_deltas,
            .is_foreign = !may_decide(record, task),
            .energy = energy_bound(config_.energy_budgets, task, record.capability->device_class)};
}

std::variant<Fit, Misfit> RolloutDesk::fit_for(const Device& device,
                                               const Assignment& assignment) const {
    auto subject = subject_of(device, assignment.task);
    subject.pulls = device.pulls;
    return fit_release(catalogue_.release(assignment.release), subject);
}

// What only time can tell stays a rollout's business: a device not heard of, a counter.
base::Result<void> RolloutDesk::check_fit(const ReleaseRecord& release,
                                          const std::vector<DeviceNumber>& devices) const {
    Unfit unfit;
    for (const auto number : devices) {
        const auto& device = registry_.at(number);
        if (!device.record.capability) {
            return {};
        }
        const auto fit = fit_release(release, subject_of(device, release.task));
        const auto* misfit = std::get_if<Misfit>(&fit);
        if (misfit == nullptr || misfit->reason == Reason::kDowngrade) {
            return {};
        }
        auto& entry = unfit[device.record.capability->device_class];
        entry.first = entry.first == nullptr ? &device : entry.first;
        ++entry.devices;
    }
    if (devices.empty()) {
        return {};
    }
    std::string cause;
    for (const auto& [name, entry] : unfit) {
        const auto subject = subject_of(*entry.first, release.task);
        cause += (cause.empty() ? "" : "; ") +
                 describe(release, fit_of(release, *entry.first, subject), entry.devices);
    }
    const auto name = base::ReleaseName{release.model, release.release}.text();
    return base::fail(base::ErrorKind::kConflict,
                      "rollout not started: " + name + " fits none of " +
                          std::to_string(devices.size()) + " devices",
                      cause.substr(0, kCauseBytes),
                      "frugalctl model fit " + name + " shows each; build a variant that fits");
}

}  // namespace frugal::core
