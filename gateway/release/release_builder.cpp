// SPDX-License-Identifier: Apache-2.0
#include "release/release_builder.hpp"

#include <fmt/format.h>

#include "release/encodings.hpp"
#include "release/model_facts.hpp"
#include "release/signing.hpp"

namespace frugal::release {

using base::fail;
using base::Result;

namespace {

core::ImportRelease empty_import(const base::ModelName& model, std::uint32_t release,
                                 std::uint32_t counter, std::uint32_t task) {
    return {.model = model,
            .release = release,
            .counter = counter,
            .task = task,
            .note = {},
            .variants = {},
            .blobs = {}};
}

Result<void> sign_and_add(core::ImportRelease& import, const ReleaseSource& source,
                          const VariantSource& variant, const crypto::ReleaseKey& key) {
    core::ManifestContent content{.model = source.model,
                                  .release = source.release,
                                  .counter = source.counter,
                                  .task = source.task,
                                  .device_class = variant.device_class};
    if (auto stated = state_facts(content, variant.tflite); !stated) {
        return stated;
    }
    if (auto checked = check_classes(content, source.labels); !checked) {
        return checked;
    }
    content.accuracy_permyriad = variant.accuracy_permyriad;
    auto manifest = sign_manifest(content, key);
    if (!manifest) {
        return tl::unexpected(manifest.error());
    }
    return add_variant(import, std::move(*manifest), variant, source.bases);
}

}  // namespace

Result<core::ImportRelease> build_release(const ReleaseSource& source,
                                          const crypto::ReleaseKey& key) {
    core::ImportRelease import =
        empty_import(source.model, source.release, source.counter, source.task);
    for (const auto& variant : source.variants) {
        if (auto added = sign_and_add(import, source, variant, key); !added) {
            return fail(added.error(), "variant for device class " + variant.device_class.text());
        }
    }
    return import;
}

Result<core::ImportRelease> build_permit(const core::RollbackPlan& plan,
                                         const crypto::ReleaseKey& key) {
    const core::ReleaseRecord& earlier = *plan.restores;
    core::ImportRelease import =
        empty_import(earlier.model, plan.release, plan.counter, earlier.task);
    import.source_bytes = earlier.source_bytes;
    import.note = fmt::format("permit to go back to release {}", earlier.release);
    for (const auto& variant : earlier.variants) {
        core::ManifestContent content = variant.manifest->content();
        content.release = plan.release;
        content.counter = plan.counter;
        auto manifest = sign_manifest(content, key);
        if (!manifest) {
            return tl::unexpected(manifest.error());
        }
        import.variants.push_back(
            {std::move(*manifest), variant.artifacts, variant.stripped_bytes});
    }
    return import;
}

}  // namespace frugal::release
