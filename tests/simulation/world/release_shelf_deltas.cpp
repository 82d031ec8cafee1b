// SPDX-License-Identifier: Apache-2.0
// The deltas of tuned releases, for who imports these without them.
#include "simulation/world/release_shelf.hpp"

namespace frugal::simulation {

core::AddEncodings ReleaseShelf::late_deltas(const core::EncodingPlan& plan) const {
    core::AddEncodings command{.model = plan.release->model, .release = plan.release->release};
    for (const auto& missing : plan.missing) {
        const auto& variant = plan.release->variants[missing.variant];
        core::VariantEncodings made{missing.variant, variant.manifest->content().model_digest, {}};
        for (const auto& [name, packed] : tuned_) {
            for (std::size_t i = 0; i < packed.artifacts.size(); ++i) {
                if (packed.content.model_digest == made.model_digest &&
                    packed.artifacts[i].base_digest == missing.base) {
                    made.artifacts.push_back(packed.artifacts[i]);
                    command.blobs.push_back(packed.blobs[i]);
                }
            }
        }
        if (!made.artifacts.empty()) {
            command.variants.push_back(std::move(made));
        }
    }
    return command;
}

base::Bytes ReleaseShelf::model(const base::Digest& digest) const {
    for (const auto* shelf : {&tuned_, &packed_}) {
        for (const auto& [name, packed] : *shelf) {
            if (packed.content.model_digest == digest) {
                return packed.tflite;
            }
        }
    }
    return {};
}

}  // namespace frugal::simulation
