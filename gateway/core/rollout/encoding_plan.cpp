// SPDX-License-Identifier: Apache-2.0
#include "core/rollout/encoding_plan.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "base/release_name.hpp"

namespace frugal::core {

namespace {

// Only what was released here: a device's word may not choose which of our bytes are read.
std::set<base::Digest> released_models(const Catalogue& catalogue, std::uint32_t task) {
    std::set<base::Digest> models;
    for (const auto& release : catalogue.releases()) {
        for (const auto& variant : release->variants) {
            if (release->task == task) {
                models.insert(variant.manifest->content().model_digest);
            }
        }
    }
    return models;
}

bool is_served(const Device& device) {
    return device.record.state == DeviceState::kEnrolled && device.record.capability;
}

std::set<base::Digest> bases_of(const VariantRecord& variant) {
    std::set<base::Digest> bases;
    for (const auto& artifact : variant.artifacts) {
        if (artifact.base_digest) {
            bases.insert(*artifact.base_digest);
        }
    }
    return bases;
}

/// The places of the variants that a delta against `base` would serve on this device.
std::vector<std::size_t> served_by_delta(const ReleaseRecord& release, const FitSubject& subject) {
    const auto chosen = fit_release(release, subject);
    const auto* fit = std::get_if<Fit>(&chosen);
    std::vector<std::size_t> places;
    for (std::size_t place = 0; place < release.variants.size(); ++place) {
        const auto& variant = release.variants[place];
        const bool is_chosen = fit != nullptr && fit->variant == &variant && !fit->is_on_device;
        const auto judged = judge_variant(variant, subject);
        const auto* lack = std::get_if<Shortfall>(&judged);
        if (is_chosen || (lack != nullptr && lack->need == Need::kStaging)) {
            places.push_back(place);
        }
    }
    return places;
}

class Planner {
public:
    Planner(const Site& site, ReleasePointer release)
        : site_(site), released_(released_models(site.catalogue, release->task)) {
        plan_.release = std::move(release);
        for (const auto& variant : plan_.release->variants) {
            has_.push_back(bases_of(variant));
        }
    }

    void count(const Device& device) {
        if (!is_served(device)) {
            return;
        }
        const auto& release = *plan_.release;
        const auto subject = site_.rollouts.subject_of(device, release.task);
        const auto base = delta_base_of(subject);
        if (!base || !released_.contains(*base)) {
            return;
        }
        for (const auto place : served_by_delta(release, subject)) {
            if (!has_[place].contains(*base)) {
                ++counts_[{place, *base}];
            }
        }
    }

    EncodingPlan finish() {
        for (const auto& [key, devices] : counts_) {
            plan_.missing.push_back({static_cast<std::uint32_t>(key.first), key.second, devices});
        }
        std::ranges::stable_sort(plan_.missing, [](const auto& one, const auto& other) {
            return one.variant != other.variant ? one.variant < other.variant
                                                : one.devices > other.devices;
        });
        auto left = has_;
        std::erase_if(plan_.missing, [&](const MissingDelta& missing) {
            auto& bases = left[missing.variant];
            const bool is_full = bases.size() >= kDeltaBasesMax;
            if (!is_full) {
                bases.insert(missing.base);
            }
            return is_full;
        });
        return std::move(plan_);
    }

private:
    const Site& site_;
    std::set<base::Digest> released_;
    EncodingPlan plan_;
    std::vector<std::set<base::Digest>> has_;  ///< by variant
    std::map<std::pair<std::size_t, base::Digest>, std::uint32_t> counts_;
};

}  // namespace

base::Result<EncodingPlan> plan_encodings(const Site& site, const PlanEncodings& query) {
    auto release = site.catalogue.find_release(query.model, query.release);
    if (release == nullptr) {
        return base::fail(
            base::ErrorKind::kNotFound,
            "release " + base::ReleaseName{query.model, query.release}.text() + " is not known", {},
            "List the models");
    }
    Planner planner(site, std::move(release));
    if (query.devices) {
        for (const auto& id : *query.devices) {
            if (const auto* device = site.registry.find(id)) {
                planner.count(*device);
            }
        }
    } else {
        for (const auto& device : site.registry.devices()) {
            planner.count(device);
        }
    }
    return planner.finish();
}

std::vector<DeltaBase> delta_bases_of(const Site& site, std::uint32_t task) {
    const auto released = released_models(site.catalogue, task);
    std::map<std::pair<base::ClassName, base::Digest>, std::uint32_t> counts;
    for (const auto& device : site.registry.devices()) {
        for (const auto& reported : device.record.reported) {
            if (is_served(device) && reported.task == task && reported.model_digest &&
                released.contains(*reported.model_digest)) {
                ++counts[{device.record.capability->device_class, *reported.model_digest}];
            }
        }
    }
    std::vector<DeltaBase> bases;
    for (const auto& [key, count] : counts) {
        bases.push_back({key.first, key.second, count});
    }
    std::ranges::stable_sort(bases, std::greater<>(), &DeltaBase::devices);
    std::map<base::ClassName, std::size_t> of_class;
    std::erase_if(bases, [&](const DeltaBase& base) {
        return ++of_class[base.device_class] > kImportBasesMax;
    });
    if (bases.size() > kDeltaBasesMax) {
        bases.erase(bases.begin() + kDeltaBasesMax, bases.end());
    }
    return bases;
}

}  // namespace frugal::core
