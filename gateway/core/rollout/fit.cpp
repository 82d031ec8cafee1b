// SPDX-License-Identifier: Apache-2.0
#include "core/rollout/fit.hpp"

#include <algorithm>

namespace frugal::core {

namespace {

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

// The device lists each operator once, with the highest version it runs.
bool runs_operator(const Capability& capability, std::uint32_t wanted) {
    return std::ranges::any_of(capability.operators, [wanted](std::uint32_t has) {
        return has / 256 == wanted / 256 && has % 256 >= wanted % 256;
    });
}

// Largest blocks the device takes; of those the smallest artifact.
const ArtifactRecord* artifact_for(const VariantRecord& variant, const Capability& capability) {
    const ArtifactRecord* best = nullptr;
    for (const auto& artifact : variant.artifacts) {
        if (artifact.block_bytes > capability.block_bytes || artifact.base_digest) {
            continue;
        }
        if (best == nullptr || artifact.block_bytes > best->block_bytes ||
            (artifact.block_bytes == best->block_bytes && artifact.size_bytes < best->size_bytes)) {
            best = &artifact;
        }
    }
    return best;
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

Misfit transfer_misfit(const ManifestContent& wants, const Capability& capability,
                       const ArtifactRecord* artifact) {
    const bool decodes = wants.decoder_profile < 32 &&
                         ((capability.decoder_profiles >> wants.decoder_profile) & 1) != 0;
    if (!decodes || wants.decoder_ram_bytes > capability.decoder_ram_bytes) {
        return {Reason::kUnfitRuntime, wants.decoder_ram_bytes};
    }
    if (artifact == nullptr) {
        return {Reason::kUnfitRuntime, capability.block_bytes};
    }
    if (artifact->size_bytes > capability.staging_bytes) {
        return {Reason::kNoSpace, artifact->size_bytes};
    }
    return {};
}

}  // namespace

std::variant<Fit, Misfit> fit_release(const ReleaseRecord& release, const Capability& capability,
                                      const TaskState* reported) {
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
    const auto* artifact = artifact_for(*variant, capability);
    const bool is_on_device = holds(reported, wants.model_digest);
    if (!is_on_device) {
        const auto transfer = transfer_misfit(wants, capability, artifact);
        if (transfer.reason != Reason::kNone) {
            return transfer;
        }
    }
    return Fit{variant, artifact, is_on_device};
}

}  // namespace frugal::core
