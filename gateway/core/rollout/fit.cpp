// SPDX-License-Identifier: Apache-2.0
#include "core/rollout/fit.hpp"

#include <algorithm>

namespace frugal::core {

const VariantRecord* variant_for(const ReleaseRecord& release, const base::ClassName& name) {
    const VariantRecord* any = nullptr;
    for (const auto& variant : release.variants) {
        const auto& device_class = variant.manifest->content().device_class;
        if (device_class == name) {
            return &variant;
        }
        if (device_class.text() == "any") {
            any = &variant;
        }
    }
    return any;
}

namespace {

// The device lists each operator once, with the highest version it runs.
bool runs_operator(const Capability& capability, std::uint32_t wanted) {
    return std::ranges::any_of(capability.operators, [wanted](std::uint32_t has) {
        return has / 256 == wanted / 256 && has % 256 >= wanted % 256;
    });
}

bool decodes(const Capability& capability, const ArtifactRecord& artifact) {
    return artifact.decoder_profile < 32 &&
           ((capability.decoder_profiles >> artifact.decoder_profile) & 1) != 0 &&
           artifact.decoder_ram_bytes <= capability.decoder_ram_bytes;
}

// Largest blocks the device takes; of those the fewest bytes.
bool is_better(const ArtifactRecord& one, const ArtifactRecord& other) {
    return one.block_bytes != other.block_bytes ? one.block_bytes > other.block_bytes
                                                : one.size_bytes < other.size_bytes;
}

const ArtifactRecord* artifact_for(const VariantRecord& variant, const Capability& capability,
                                   const std::optional<base::Digest>& base) {
    const ArtifactRecord* best = nullptr;
    for (const auto& artifact : variant.artifacts) {
        const bool has_base = !artifact.base_digest || (base && *artifact.base_digest == *base);
        if (has_base && artifact.block_bytes <= capability.block_bytes &&
            decodes(capability, artifact) && (best == nullptr || is_better(artifact, *best))) {
            best = &artifact;
        }
    }
    return best;
}

// The model that stays while another is written: a candidate in probation steps back for it.
std::optional<base::Digest> lasting_model(const TaskState& reported) {
    return reported.phase == UpdatePhase::kProbation ? reported.other_digest
                                                     : reported.model_digest;
}

bool holds(const TaskState* reported, const base::Digest& model) {
    return reported != nullptr &&
           (reported->model_digest == model || reported->other_digest == model);
}

Misfit runtime_misfit(const ManifestContent& wants, const Capability& capability) {
    if (wants.runtime_abi != capability.runtime_abi) {
        return {Reason::kUnfitRuntime, wants.runtime_abi};
    }
    for (const auto wanted : wants.operators) {
        if (!runs_operator(capability, wanted)) {
            return {Reason::kUnfitOps, wanted};
        }
    }
    if (wants.arena_bytes > capability.arena_bytes) {
        return {Reason::kUnfitArena, wants.arena_bytes};
    }
    if (wants.model_bytes > capability.slot_bytes) {
        return {Reason::kNoSpace, wants.model_bytes};
    }
    return {};
}

// No artifact: either none has blocks small enough, or none of those can be decoded.
Misfit no_artifact(const VariantRecord& variant, const Capability& capability) {
    std::uint32_t least_ram = 0;
    for (const auto& artifact : variant.artifacts) {
        const bool is_candidate =
            !artifact.base_digest && artifact.block_bytes <= capability.block_bytes;
        if (is_candidate && (least_ram == 0 || artifact.decoder_ram_bytes < least_ram)) {
            least_ram = artifact.decoder_ram_bytes;
        }
    }
    return {Reason::kUnfitRuntime, least_ram != 0 ? least_ram : capability.block_bytes};
}

}  // namespace

std::variant<Fit, Misfit> fit_release(const ReleaseRecord& release, const Capability& capability,
                                      const TaskState* reported, bool without_deltas) {
    const auto* variant = variant_for(release, capability.device_class);
    if (variant == nullptr) {
        return Misfit{Reason::kUnfitRuntime, 0};
    }
    const auto& wants = variant->manifest->content();
    const auto runtime = runtime_misfit(wants, capability);
    if (runtime.reason != Reason::kNone) {
        return runtime;
    }
    if (reported != nullptr && reported->burned_counter >= wants.counter &&
        reported->release != wants.counter) {
        return Misfit{Reason::kDowngrade, reported->burned_counter};
    }
    const bool may_be_delta = reported != nullptr && !without_deltas;
    const auto* artifact =
        artifact_for(*variant, capability, may_be_delta ? lasting_model(*reported) : std::nullopt);
    const bool is_on_device = holds(reported, wants.model_digest);
    if (!is_on_device && artifact == nullptr) {
        return no_artifact(*variant, capability);
    }
    if (!is_on_device && artifact->size_bytes > capability.staging_bytes) {
        return Misfit{Reason::kNoSpace, artifact->size_bytes};
    }
    return Fit{variant, artifact, is_on_device};
}

}  // namespace frugal::core
