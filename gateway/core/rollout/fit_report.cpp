// SPDX-License-Identifier: Apache-2.0
#include "core/rollout/fit_report.hpp"

#include <algorithm>
#include <tuple>

namespace frugal::core {

namespace {

VariantVerdict verdict_of(const VariantRecord& variant, std::size_t place,
                          const FitSubject& subject) {
    VariantVerdict verdict{.variant = static_cast<std::uint32_t>(place)};
    const auto work = variant.manifest->content().multiply_accumulates;
    if (const auto energy_uj = estimated_energy_uj(work, subject.energy.cost); energy_uj != 0) {
        verdict.energy_uj = energy_uj;
    }
    const auto judged = judge_variant(variant, subject);
    if (const auto* lack = std::get_if<Shortfall>(&judged)) {
        verdict.reason = lack->misfit.reason;
        verdict.detail = lack->misfit.detail;
        verdict.why = describe(*lack);
        verdict.lacks = to_string(lack->need);
        verdict.needed = lack->needed;
        verdict.available = lack->available;
        return verdict;
    }
    const auto& fit = std::get<Fit>(judged);
    verdict.is_fit = true;
    verdict.is_on_device = fit.is_on_device;
    verdict.bytes_on_air = fit.bytes_on_air();
    if (!fit.is_on_device) {
        verdict.artifact = *fit.artifact;
    }
    return verdict;
}

std::optional<std::uint32_t> place_of(const ReleaseRecord& release, const VariantRecord* variant) {
    return variant == nullptr
               ? std::nullopt
               : std::optional(static_cast<std::uint32_t>(variant - release.variants.data()));
}

/// Devices with an equal answer: the class, the variant, its encoding, or why none.
using Answer =
    std::tuple<base::ClassName, std::optional<std::uint32_t>, base::Digest, Reason, std::uint32_t>;

Answer answer_of(const ReleaseRecord& release, const FitSubject& subject) {
    const auto judged = fit_release(release, subject);
    if (const auto* misfit = std::get_if<Misfit>(&judged)) {
        return {subject.capability.device_class, std::nullopt, {}, misfit->reason, misfit->detail};
    }
    const auto& fit = std::get<Fit>(judged);
    return {subject.capability.device_class, place_of(release, fit.variant),
            fit.is_on_device ? base::Digest{} : fit.artifact->digest, Reason::kNone, 0};
}

struct Group {
    std::uint32_t devices = 0;
    const Device* first = nullptr;
};

class ReportMaker {
public:
    ReportMaker(const Site& site, ReleasePointer release) : site_(site) {
        report_.release = std::move(release);
    }

    void count(const Device& device) {
        if (device.record.state != DeviceState::kEnrolled) {
            return;
        }
        if (!device.record.capability) {
            ++report_.unknown;
            return;
        }
        ++report_.known;
        const auto answer = answer_of(*report_.release, subject(device));
        report_.fitting += std::get<1>(answer) ? 1 : 0;
        auto& group = groups_[answer];
        ++group.devices;
        group.first = group.first == nullptr ? &device : group.first;
    }

    void list(const Device& device) {
        report_.devices.push_back(fit_of(*report_.release, device, subject(device)));
    }

    FitReport finish() {
        for (const auto& [answer, group] : groups_) {
            auto first = fit_of(*report_.release, *group.first, subject(*group.first));
            report_.classes.push_back({.device_class = std::move(first.device_class),
                                       .devices = group.devices,
                                       .chosen = first.chosen,
                                       .verdicts = std::move(first.verdicts)});
        }
        return std::move(report_);
    }

    FitReport& report() { return report_; }

private:
    FitSubject subject(const Device& device) const {
        return site_.rollouts.subject_of(device, report_.release->task);
    }

    const Site& site_;
    FitReport report_;
    std::map<Answer, Group> groups_;
};

bool is_listed(const Device& device) {
    return device.record.state == DeviceState::kEnrolled && device.record.capability.has_value();
}

}  // namespace

DeviceFit fit_of(const ReleaseRecord& release, const Device& device, const FitSubject& subject) {
    DeviceFit fit{.device = device.record.id, .device_class = subject.capability.device_class};
    const auto judged = fit_release(release, subject);
    if (const auto* chosen = std::get_if<Fit>(&judged)) {
        fit.chosen = place_of(release, chosen->variant);
    }
    for (std::size_t place = 0; place < release.variants.size(); ++place) {
        fit.verdicts.push_back(verdict_of(release.variants[place], place, subject));
    }
    return fit;
}

base::Result<FitReport> fit_report(const Site& site, const GetFit& query) {
    auto release = site.catalogue.find_release(query.model, query.release);
    if (release == nullptr) {
        return base::fail(base::ErrorKind::kNotFound,
                          "release " + std::to_string(query.release) + " of model " +
                              query.model.text() + " is not known",
                          {}, "List the models");
    }
    ReportMaker report(site, std::move(release));
    for (const auto& device : site.registry.devices()) {
        report.count(device);
    }
    const auto& by_id = site.registry.by_id();
    const auto limit = std::clamp<std::uint32_t>(query.limit, 1, kPageMax);
    auto item = query.after ? by_id.upper_bound(*query.after) : by_id.begin();
    for (; item != by_id.end(); ++item) {
        const auto& device = site.registry.at(item->second);
        if (!is_listed(device)) {
            continue;
        }
        if (report.report().devices.size() == limit) {
            report.report().has_more = true;
            break;
        }
        report.list(device);
    }
    return report.finish();
}

}  // namespace frugal::core
