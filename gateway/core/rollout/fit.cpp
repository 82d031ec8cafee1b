// SPDX-License-Identifier: Apache-2.0
#include "core/rollout/fit.hpp"

#include <algorithm>
#include <tuple>

#include "base/any_class.hpp"

namespace frugal::core {

namespace {

bool is_for_any(const VariantRecord& variant) {
    return variant.manifest->content().device_class == base::any_class();
}

// The device lists each operator once, with the highest version it runs; 0 for none.
std::uint32_t version_on(const Capability& capability, std::uint32_t wanted) {
    for (const auto has : capability.operators) {
        if (has / 256 == wanted / 256) {
            return has % 256;
        }
    }
    return 0;
}

bool decodes(const Capability& capability, const ArtifactRecord& artifact) {
    return artifact.decoder_profile < 32 &&
           ((capability.decoder_profiles >> artifact.decoder_profile) & 1) != 0 &&
           artifact.decoder_ram_bytes <= capability.decoder_ram_bytes;
}

// Of its only slot a device keeps no more of the base than its reach, once it begins to write.
bool keeps_base(const Capability& capability, const ArtifactRecord& artifact) {
    return !capability.has_one_slot() || artifact.base_lag_bytes <= capability.reach_bytes;
}

// What is on its way already; else the largest blocks the device takes, of those the fewest bytes.
bool is_better(const ArtifactRecord& one, const ArtifactRecord& other,
               const std::optional<base::Digest>& pulls) {
    if ((one.digest == pulls) != (other.digest == pulls)) {
        return one.digest == pulls;
    }
    return one.block_bytes != other.block_bytes ? one.block_bytes > other.block_bytes
                                                : one.size_bytes < other.size_bytes;
}

const ArtifactRecord* artifact_for(const VariantRecord& variant, const Capability& capability,
                                   const std::optional<base::Digest>& base,
                                   const std::optional<base::Digest>& pulls) {
    const ArtifactRecord* best = nullptr;
    for (const auto& artifact : variant.artifacts) {
        const bool has_base = !artifact.base_digest || (base && *artifact.base_digest == *base &&
                                                        keeps_base(capability, artifact));
        if (has_base && artifact.block_bytes <= capability.block_bytes &&
            decodes(capability, artifact) &&
            (best == nullptr || is_better(artifact, *best, pulls))) {
            best = &artifact;
        }
    }
    return best;
}

// The model that stays while another is written: a candidate in probation steps back for it. In an
// only slot it may run on unconfirmed, but no delta builds on it.
std::optional<base::Digest> lasting_model(const TaskState& reported, const Capability& capability) {
    const bool is_unconfirmed =
        capability.has_one_slot() && reported.release > reported.burned_counter;
    return reported.phase == UpdatePhase::kProbation || is_unconfirmed ? reported.other_digest
                                                                       : reported.model_digest;
}

bool holds(const TaskState* reported, const base::Digest& model) {
    return reported != nullptr &&
           (reported->model_digest == model || reported->other_digest == model);
}

using Lack = std::optional<Shortfall>;

Lack above(Need need, Reason reason, std::uint64_t needed, std::uint64_t available) {
    if (needed <= available) {
        return std::nullopt;
    }
    const auto detail = static_cast<std::uint32_t>(std::min<std::uint64_t>(needed, 0xFFFFFFFF));
    return Shortfall{{reason, detail}, need, needed, available};
}

Lack task_lack(const ManifestContent& wants, const FitSubject& subject) {
    if (!subject.is_foreign) {
        return std::nullopt;
    }
    return Shortfall{{Reason::kUnfitIo, 0}, Need::kTask, wants.task, 0};
}

Lack runtime_lack(const ManifestContent& wants, const Capability& capability) {
    if (wants.device_class != capability.device_class && wants.device_class != base::any_class()) {
        return Shortfall{{Reason::kUnfitRuntime, 0}, Need::kDeviceClass, 0, 0};
    }
    if (wants.runtime_abi != capability.runtime_abi) {
        return Shortfall{{Reason::kUnfitRuntime, wants.runtime_abi},
                         Need::kRuntimeAbi,
                         wants.runtime_abi,
                         capability.runtime_abi};
    }
    for (const auto wanted : wants.operators) {
        const auto has = version_on(capability, wanted);
        if (has == 0 || has < wanted % 256) {
            return Shortfall{{Reason::kUnfitOps, wanted}, Need::kOperator, wanted, has};
        }
    }
    return std::nullopt;
}

Lack memory_lack(const ManifestContent& wants, const FitSubject& subject) {
    const auto& can = subject.capability;
    if (auto lack = above(Need::kArena, Reason::kUnfitArena, wants.arena_bytes, can.arena_bytes)) {
        return lack;
    }
    const auto state_bytes = subject.reported != nullptr ? subject.reported->state_bytes : 0;
    if (auto lack = above(Need::kState, Reason::kUnfitArena, wants.state_bytes, state_bytes)) {
        return lack;
    }
    return above(Need::kSlot, Reason::kNoSpace, wants.model_bytes, can.slot_bytes);
}

// A device that does not tell its shapes judges them itself.
Lack shape_lack(const ManifestContent& wants, const TaskState* reported) {
    if (reported == nullptr || reported->input_bytes == 0) {
        return std::nullopt;
    }
    const Misfit misfit{Reason::kUnfitIo, wants.input_bytes};
    if (wants.input_bytes != reported->input_bytes) {
        return Shortfall{misfit, Need::kInput, wants.input_bytes, reported->input_bytes};
    }
    if (wants.output_classes != reported->output_classes) {
        return Shortfall{misfit, Need::kClasses, wants.output_classes, reported->output_classes};
    }
    return std::nullopt;
}

bool runs(const TaskState* reported, const ManifestContent& wants) {
    return reported != nullptr && reported->release == wants.counter &&
           reported->model_digest == wants.model_digest;
}

// Work that nobody stated cannot be estimated, and is not held against a variant; neither is a
// bound that came after the device began to run it.
Lack energy_lack(const ManifestContent& wants, const FitSubject& subject) {
    const auto& energy = subject.energy;
    if (!energy.budget_uj || runs(subject.reported, wants)) {
        return std::nullopt;
    }
    return above(Need::kEnergy, Reason::kUnfitEnergy,
                 estimated_energy_uj(wants.multiply_accumulates, energy.cost), *energy.budget_uj);
}

// A device that does not run the release whose counter it burned last may get it, never one below:
// it lost its model, as one with a single slot may, or runs another on trial. Whether it is the
// model that burned it the device knows best: what it has in a slot besides says nothing. One that
// fell back to its other slot would refuse any but that model, and which that is it does not say.
bool may_return_to(const FitSubject& subject, const ManifestContent& wants) {
    const TaskState& reported = *subject.reported;
    return reported.burned_counter == wants.counter && reported.release != wants.counter &&
           (reported.release == 0 || reported.phase == UpdatePhase::kProbation ||
            subject.capability.has_one_slot());
}

// A device takes a burned counter again for the model that burned it only, so another variant of a
// release it confirmed is refused like an older release.
Lack counter_lack(const ManifestContent& wants, const FitSubject& subject) {
    const TaskState* reported = subject.reported;
    if (reported == nullptr || reported->burned_counter < wants.counter ||
        may_return_to(subject, wants)) {
        return std::nullopt;
    }
    const bool is_same = reported->release == wants.counter &&
                         (!reported->model_digest || *reported->model_digest == wants.model_digest);
    if (is_same) {
        return std::nullopt;
    }
    return Shortfall{{Reason::kDowngrade, reported->burned_counter},
                     Need::kCounter,
                     wants.counter,
                     reported->burned_counter};
}

// No artifact: either none has blocks small enough, or none of those can be decoded.
Shortfall artifact_lack(const VariantRecord& variant, const Capability& capability) {
    std::uint32_t least_ram = 0;
    std::uint32_t least_block = 0;
    for (const auto& artifact : variant.artifacts) {
        if (artifact.base_digest) {
            continue;
        }
        const bool takes_blocks = artifact.block_bytes <= capability.block_bytes;
        if (takes_blocks && (least_ram == 0 || artifact.decoder_ram_bytes < least_ram)) {
            least_ram = artifact.decoder_ram_bytes;
        }
        if (least_block == 0 || artifact.block_bytes < least_block) {
            least_block = artifact.block_bytes;
        }
    }
    if (least_ram != 0) {
        return {{Reason::kUnfitRuntime, least_ram},
                Need::kDecoder,
                least_ram,
                capability.decoder_ram_bytes};
    }
    return {{Reason::kUnfitRuntime, capability.block_bytes},
            Need::kBlock,
            least_block,
            capability.block_bytes};
}

Lack device_lack(const ManifestContent& wants, const FitSubject& subject) {
    if (auto lack = task_lack(wants, subject)) {
        return lack;
    }
    if (auto lack = runtime_lack(wants, subject.capability)) {
        return lack;
    }
    if (auto lack = memory_lack(wants, subject)) {
        return lack;
    }
    if (auto lack = shape_lack(wants, subject.reported)) {
        return lack;
    }
    if (auto lack = energy_lack(wants, subject)) {
        return lack;
    }
    return counter_lack(wants, subject);
}

// The device runs this release, or has what it burned in its other slot: another variant of it has
// the same counter, which it would refuse.
bool is_kept(const ReleaseRecord& release, const Fit& fit, const FitSubject& subject) {
    const auto& content = fit.variant->manifest->content();
    return runs(subject.reported, content) ||
           (fit.is_on_device &&
            (release.restores || (subject.reported != nullptr && may_return_to(subject, content))));
}

bool is_pulled(const Fit& fit, const FitSubject& subject) {
    return fit.artifact != nullptr && fit.artifact->digest == subject.pulls;
}

auto rank(const ReleaseRecord& release, const Fit& fit, const FitSubject& subject) {
    const auto& wants = fit.variant->manifest->content();
    return std::tuple(!is_kept(release, fit, subject), 10'000 - wants.accuracy_permyriad,
                      is_for_any(*fit.variant), !is_pulled(fit, subject), fit.bytes_on_air(),
                      wants.arena_bytes);
}

bool is_nearer(const Shortfall& one, const Shortfall& other) {
    return one.need != other.need ? one.need > other.need : one.needed < other.needed;
}

}  // namespace

bool may_decide(const DeviceRecord& device, std::uint32_t task) {
    return device.reported.empty() ||
           std::ranges::find(device.reported, task, &TaskState::task) != device.reported.end();
}

std::optional<base::Digest> delta_base_of(const FitSubject& subject) {
    const bool may_be_delta = subject.reported != nullptr && !subject.without_deltas;
    return may_be_delta ? lasting_model(*subject.reported, subject.capability) : std::nullopt;
}

std::variant<Fit, Shortfall> judge_variant(const VariantRecord& variant,
                                           const FitSubject& subject) {
    const auto& wants = variant.manifest->content();
    const auto& can = subject.capability;
    if (const auto lack = device_lack(wants, subject)) {
        return *lack;
    }
    const auto* artifact = artifact_for(variant, can, delta_base_of(subject), subject.pulls);
    const bool is_on_device = holds(subject.reported, wants.model_digest);
    if (!is_on_device && artifact == nullptr) {
        return artifact_lack(variant, can);
    }
    // A device that gives up its only slot must be able to take the whole model if that fails.
    const auto* largest = can.has_one_slot() ? artifact_for(variant, can, {}, {}) : artifact;
    if (!is_on_device && largest == nullptr) {
        return artifact_lack(variant, can);
    }
    if (!is_on_device) {
        if (const auto lack =
                above(Need::kStaging, Reason::kNoSpace, largest->size_bytes, can.staging_bytes)) {
            return *lack;
        }
    }
    return Fit{&variant, artifact, is_on_device};
}

std::variant<Fit, Misfit> fit_release(const ReleaseRecord& release, const FitSubject& subject) {
    std::optional<Fit> best;
    std::optional<Shortfall> nearest;
    for (const auto& variant : release.variants) {
        const auto verdict = judge_variant(variant, subject);
        if (const auto* fit = std::get_if<Fit>(&verdict)) {
            if (!best || rank(release, *fit, subject) < rank(release, *best, subject)) {
                best = *fit;
            }
        } else if (const auto& lack = std::get<Shortfall>(verdict);
                   !nearest || is_nearer(lack, *nearest)) {
            nearest = lack;
        }
    }
    if (best) {
        return *best;
    }
    return nearest ? nearest->misfit : Misfit{Reason::kUnfitRuntime, 0};
}

}  // namespace frugal::core
